-- Runs busted in whatever Lua runs this file: fmrun tests/specs.lua -- SPEC... lua5.4
-- tests/specs.lua SPEC... busted gives a spec its words (describe, it, assert, ...) by changing the
-- _ENV of the spec's functions, which fmrun's debug library cannot. There the spec is loaded with
-- an _ENV that asks busted's.
if not debug.setupvalue then
  debug.getmetatable = getmetatable
  local words
  local compatible <const> = { loadstring = load, unpack = table.unpack, execute = require "pl.utils".execute }
  function compatible.getfenv() return _G end
  function compatible.setfenv(f, env)
    if getmetatable(env).__newindex then words = env end -- the others replace `error` in luassert, whose own does as well
    return f
  end
  function compatible.exit(code) os.exit(code == 0, true) end
  package.loaded["busted.compatibility"] = compatible

  local load_plain <const> = loadfile
  local env <const> = setmetatable({}, { __index = function(_, name) return words[name] end, __newindex = function(_, name, value) words[name] = value end })
  _G.loadfile = function(path, ...)
    if path and path:find "_spec%.lua$" then return load_plain(path, "t", env) end
    return load_plain(path, ...)
  end
end
require "busted.runner" { standalone = false }
