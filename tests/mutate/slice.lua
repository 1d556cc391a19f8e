-- A few mistakes whose outcome is known, and the tests that are asked: see
-- tests/cli/mutate_spec.lua.
local names <const> = "lua/fm/parts/named_values.lua: "
return {
  { key = names .. "operator: if value ~= nil then list[#list + 1] = key .. \"=\" .. shown(value) end"
    .. " => if value == nil then list[#list + 1] = key .. \"=\" .. shown(value) end",
    tests = { "tests/lua/named_values_spec.lua" } },
  { key = names .. "skipped call: for _, key in ipairs(keys or sorted_keys(values)) do => for _, key in ipairs(keys or (values)) do",
    tests = { "tests/lua/nearest_spec.lua", "tests/lua/named_values_spec.lua" } },
  -- this test is about something else
  { key = names .. "operator: for _, key in ipairs(keys or sorted_keys(values)) do => for _, key in ipairs(keys and sorted_keys(values)) do",
    tests = { "tests/lua/nearest_spec.lua" } },
  -- equivalents.lua names it
  { key = "lua/fm/parts/options.lua: constant: return options.integer(where, whole, low or 1, largest_size)"
    .. " => return options.integer(where, whole, low or 0, largest_size)", tests = { "tests/lua/named_values_spec.lua" } },
}
