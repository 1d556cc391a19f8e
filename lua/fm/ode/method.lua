-- method_of(what, where): a solver by name, or as a table or function of the kind that a solver file returns, made ready for the engine:
-- { tableau | step, order, adaptive, interpolates }.
--
-- A solver file returns { order =, c =, a =, b = }, a Butcher tableau; or { order =, step = } or just the function
-- step(field, t, x, h) -> x at t + h. A tableau may have
--   e              weights of the error estimate, of error_order (order - 1 when absent); its last number belongs to the new point
--   errors         other estimates, by the name of the controller that takes them
--   dense          rows of coefficients of theta, theta^2, ... for each slope: an interpolant of dense_order (order - 1 when absent);
--                  the row after those of the stages belongs to the new point, rows after that to extra = { c =, a = }
--   history = p    it only starts the method of Adams and Bashforth through the last p slopes
local core <const> = require "fm.core"
local check <const> = require "fm.ode.check"

local aliases <const> = { dopri5 = "rk45", bosh3 = "rk23" }
local not_solvers <const> = { init = true, method = true, check = true, grid = true, gradient = true }
local by_name <const> = {}
local by_value <const> = setmetatable({}, { __mode = "k" })

local function made_ready(what, name)
  if type(what) == "function" then return { step = what } end
  if type(what) ~= "table" then
    core.fail(("ode: %s: expected a tableau or a step function, found a %s"):format(name, type(what)))
  end
  check.parts(what, name)
  if what.step ~= nil then
    if type(what.step) ~= "function" then core.fail(("ode: %s: step: expected a function"):format(name)) end
    check.step(what, name)
    return { step = what.step, order = what.order }
  end
  if what.b == nil then core.fail(("ode: %s: found neither b, of a tableau, nor step"):format(name)) end
  local tableau = core.ode_engine.tableau(what, name)
  check.tableau(what, name)
  local adaptive, interpolates = core.ode_engine.facts(tableau)
  local method = { tableau = tableau, order = what.order, adaptive = adaptive, interpolates = interpolates, by_controller = {} }
  if what.errors ~= nil and type(what.errors) ~= "table" then core.fail(("ode: %s: errors: expected a table by controller"):format(name)) end
  for controller, e in pairs(what.errors or {}) do
    local variant = setmetatable({ e = e }, { __index = what })
    method.by_controller[controller] = core.ode_engine.tableau(variant, name)
    check.errors(variant, name)
  end
  return method
end

-- The names of this folder, for "did you mean".
local function known_names()
  local names, here = {}, package.searchpath("fm.ode", package.path)
  local found, lfs = pcall(require, "lfs")
  for alias in pairs(aliases) do names[#names + 1] = alias end
  if not found or not here then return names end
  for file in lfs.dir((here:gsub("[^/]*$", ""))) do
    local name = file:match "^([%w_]+)%.lua$"
    if name and not not_solvers[name] then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local function load_file(name, where)
  local path = not not_solvers[name] and package.searchpath("fm.ode." .. name, package.path) or package.searchpath(name, package.path)
  if not path then
    local names = known_names()
    local near = core.nearest(name, names)
    core.fail(('%s: there is no method "%s", here or beside the script%s'):format(where, name,
      near and ('; did you mean "%s"?'):format(near) or " (there are: " .. table.concat(names, ", ") .. ")"))
  end
  local chunk, problem = loadfile(path, "t")
  if not chunk then core.fail("ode: " .. problem) end
  return chunk()
end

return function(what, where)
  if type(what) == "string" then
    local name = aliases[what] or what
    if not name:find "^[%w_]+$" then core.fail(('%s: "%s" is no name of a method'):format(where, name)) end
    if not by_name[name] then by_name[name] = made_ready(load_file(name, where), name) end
    return by_name[name]
  end
  if not by_value[what] then by_value[what] = made_ready(what, "method") end
  return by_value[what]
end
