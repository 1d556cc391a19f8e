-- fm: tensors and ops from C at once, the modules on first use (a script that only needs tensors starts in milliseconds).
local core <const> = require "fm.core"

local modules <const> = {
  nn = "fm.nn", flow = "fm.flow", ode = "fm.ode", sde = "fm.sde", optim = "fm.optim", data = "fm.data", metrics = "fm.metrics", plot = "fm.plot",
  gradcheck = "fm.gradcheck", experiment = "fm.experiment",
}

-- Under stock Lua the folder of the script is searched too, as fmrun does it: a solver or a layer may be a file beside it. And modules of fm
-- are looked for where this file is, so that a folder called fm beside the script replaces none of them.
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
if root then search_as_fmrun_does(root) end

local fm <const> = {}
for name, value in pairs(core) do fm[name] = value end

return setmetatable(fm, {
  __index = function(_, name)
    local module = modules[name]
    if not module then return nil end
    local value = require(module)
    fm[name] = value
    return value
  end,
})
