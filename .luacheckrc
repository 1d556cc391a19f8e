std = "lua54"
globals = { package = { fields = { fm_path = {} }, other_fields = true } } -- see src/bind/search.h
max_line_length = 160
ignore = {
  "211/tape", "211/scope", "211/closing", "211/plain", -- local tape <close>: used by closing
  "581", -- not (x <= y) is meant: it is true for nan
}
local spec = { std = "+busted", ignore = { "311", "331", "431", "432" } } -- values are set to be collected, names come again
files["tests/lua"] = spec
files["tests/cli"] = spec
files["tests/golden"] = spec
files["lua/fm/meta"] = { ignore = { "1", "2", "3", "4" } } -- types only
files["tests/specs.lua"] = { ignore = { "122/debug" } } -- what busted asks for
files["lua/fm/parts/math_random.lua"] = { ignore = { "122/math" } } -- to replace math.random is its task
files["lua/fm/run/call.lua"] = { ignore = { "122/_G", "122/os" } } -- print and exit belong to the run
