-- method_of(what, where): a solver by name, or as a table or function of the kind that a solver
-- file returns, made ready for the engine: { tableau | step, order, adaptive, interpolates }.
--
-- A solver file returns { order =, c =, a =, b = }, a Butcher tableau; or { order =, step = } or
-- just the function step(field, t, x, h) -> x at t + h. A tableau may have
--   e              weights of the error estimate, of error_order (order - 1 when absent); its last
--                  number belongs to the new point
--   errors         other estimates, by the name of the controller that takes them
--   dense          rows of coefficients of theta, theta^2, ... for each slope: an interpolant of
--                  dense_order (order - 1 when absent); the row after those of the stages belongs
--                  to the new point, the rows after that to extra = { c =, a = }
--   history = p    the tableau only starts the method of Adams and Bashforth through the last p
--                  slopes
local core <const> = require "fm.core"
local by_name <const> = require "fm.parts.by_name"
local check <const> = require "fm.ode.parts.check"
local nearest <const> = require "fm.parts.nearest"

local own <const> = {} -- methods of fm, by name
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
  local method = { tableau = tableau, order = what.order, adaptive = adaptive, interpolates = interpolates,
    history = what.history ~= nil and what.history ~= 0, by_controller = {} }
  if what.errors ~= nil and type(what.errors) ~= "table" then core.fail(("ode: %s: errors: expected a table by controller"):format(name)) end
  for controller, e in pairs(what.errors or {}) do
    local variant = setmetatable({ e = e }, { __index = what })
    method.by_controller[controller] = core.ode_engine.tableau(variant, name)
    check.errors(variant, name)
  end
  return method
end

-- What a solver file returns, and whether it is one of fm.
local function find(where, name)
  local what, is_own = by_name.find("fm.ode", name)
  if what ~= nil then return what, is_own end
  local names = by_name.names "fm.ode"
  core.fail(('%s: there is no method "%s", here or beside the script%s'):format(where, name,
    nearest.advice(name, names, " (there are: " .. table.concat(names, ", ") .. ")")))
end

local function of_value(what, name)
  if not by_value[what] then by_value[what] = made_ready(what, name) end
  return by_value[what]
end

return function(name, where)
  if type(name) ~= "string" then return of_value(name, "method") end
  if own[name] then return own[name] end
  if not name:find "^[%w_]+$" then core.fail(('%s: "%s" is no name of a method'):format(where, name)) end
  local found, is_own = find(where, name)
  local method = of_value(found, name)
  if is_own then own[name] = method end
  return method
end
