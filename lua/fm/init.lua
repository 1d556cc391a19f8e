-- fm: tensors and ops from C at once; rooms and modules on first use, found by the name of their
-- folder or file beside this one. So a script that only needs tensors starts in milliseconds. A
-- name that fm does not have is an error; rawget(fm, name) asks whether an op is there.
local core <const> = require "fm.core"

-- Under stock Lua the folder of the script is searched too, as under fmrun: a solver or a layer may
-- be a file beside it. Modules of fm are looked for only where this file is, so a folder called fm
-- beside the script does not replace them.
local function search_as_fmrun_does(root)
  local searchers, folder = package.searchers, arg and arg[0] and arg[0]:match "^(.*)/"
  local former = searchers[2]
  package.fm_path = ("%s?.lua;%s?/init.lua"):format(root, root)
  searchers[2] = function(name)
    local path = name:find "^fm%." and package.searchpath(name, package.fm_path)
    if not path then return former(name) end
    return assert(loadfile(path, "t")), path
  end
  if folder then package.path = ("%s/?.lua;%s/?/init.lua;%s"):format(folder, folder, package.path) end
end

local root = not package.preload["fm.core"] and debug.getinfo(1, "S").source:match "^@(.*)fm/init%.lua$"
if root then
  search_as_fmrun_does(root)
  require("fm.parts.at_once").run = function(...) return require "fm.cli.stock"(...) end
end

--- A table of functions as a room: a name that it does not have is an error.
local function closed(name, functions)
  return setmetatable(functions, {
    __index = function(_, key)
      require("fm.parts.by_name").room("fm." .. name, functions, { closed = true }) -- in place of this one
      return functions[key]
    end,
  })
end

local fm <const> = {}
for name, value in pairs(core) do
  fm[name] = type(value) == "table" and closed(name, value) or value
end

return setmetatable(fm, {
  __index = function(_, name)
    require("fm.parts.by_name").room("fm", fm, { closed = true }) -- in place of this one
    return fm[name]
  end,
})
