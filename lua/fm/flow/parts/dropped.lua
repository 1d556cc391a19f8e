-- Conditions of which some rows become `null`, for guidance without a classifier: Ho and Salimans
-- 2022. A condition is a tensor with rows, or a table of such tensors, of which a row keeps or
-- loses all.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local broadcasts <const> = require "fm.parts.broadcasts"
local options <const> = require "fm.parts.options"
local sorted_keys <const> = require "fm.parts.sorted_keys"

-- What stands for no condition: given; n + 1 for labels of a model with n classes; zeros.
local function null_for(where, cond, null, model)
  if null ~= nil then return null end
  if cond:rank() > 1 then return 0 end
  local classes = type(model) == "table" and model.classes
  if math.type(classes) == "integer" then return classes + 1 end
  fm.fail(where .. ": null is missing: cond is one number for each row, and the model does not say how many classes it has")
end

local function check_null(where, null, cond)
  if math.type(null) then
    options.number(where .. ": null", null, -1e300, 1e300)
    return
  end
  if not (fm.is_tensor(null) and broadcasts(null, cond)) then
    fm.fail(("%s: null is a %s, expected a number or a tensor that fits cond, a %s"):format(where, arguments.kind_of(null), arguments.kind_of(cond)))
  end
end

local function replaced(where, cond, null, model, lost)
  if not fm.is_tensor(cond) or cond:rank() < 1 or #cond ~= #lost then
    fm.fail(("%s: cond is a %s: with drop, expected a tensor [%d, ...]"):format(where, arguments.kind_of(cond), #lost))
  end
  null = null_for(where, cond, null, model)
  check_null(where, null, cond)
  local shape = { #lost }
  for i = 2, cond:rank() do shape[i] = 1 end
  return lost:reshape(shape):where(null, cond)
end

local function each(where, cond, null, model, lost)
  if type(cond) ~= "table" or getmetatable(cond) then return replaced(where, cond, null, model, lost) end
  if null ~= nil and (type(null) ~= "table" or getmetatable(null)) then
    fm.fail(("%s: null is a %s, expected a table with the keys of cond"):format(where, arguments.kind_of(null)))
  end
  if next(cond) == nil then fm.fail(where .. ": cond is an empty table: with drop, expected tensors") end
  local result = {}
  for _, key in ipairs(sorted_keys(cond)) do result[key] = each(where, cond[key], null and null[key], model, lost) end
  return result
end

local dropped <const> = {}

--- cond, in which each of n rows is null with probability drop, and which rows are: [n] of 1 and 0.
--- One number of rng decides for each row.
function dropped.draw(where, cond, drop, null, model, rng, n)
  options.number(where .. ": drop", drop, 0, 1)
  if cond == nil then fm.fail(where .. ": drop is given, but no cond") end
  local lost = rng:uniform(n):lt(drop)
  return each(where, cond, null, model, lost), lost
end

--- The condition of n rows of a loss with the options cond, drop and null; without drop it is cond.
--- Losses draw it last: a training that drops sees the same x0 and t in its first step.
function dropped.of_loss(where, o, cond, model, n)
  if o.drop == nil then
    if o.null ~= nil then fm.fail(where .. ": null is given, but no drop, the probability with which it replaces a condition") end
    return cond
  end
  if o.rng == nil then fm.fail(where .. ": rng is missing: drop draws from it") end
  return (dropped.draw(where, cond, o.drop, o.null, model, o.rng, n))
end

--- cond, in which all n rows are null.
function dropped.all(where, cond, null, model, n)
  return each(where, cond, null, model, fm.ones(n))
end

return dropped
