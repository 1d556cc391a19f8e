-- teacher_times(value, times) -> 1 or 2: how a teacher, which takes the place of the model where
-- that gets no gradient, is called. 1: (x, t), a velocity; 2: (x, s, t). times: given, or nil: what
-- a network says; else by how many arguments its function names, of which a velocity names two.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

local where <const> = "map_loss: teacher"

local function named_arguments(value)
  if type(value) == "function" then return debug.getinfo(value, "u").nparams end
  local call = getmetatable(value).__call
  return type(call) == "function" and debug.getinfo(call, "u").nparams - 1 or nil
end

return function(value, times)
  if times ~= nil then options.integer("map_loss: teacher_times", times, 1, 2) end
  if not options.callable(value) then
    local is_average = type(value) == "table" and type(value.swap) == "function"
    fm.fail(("%s: expected a model, found %s"):format(where, is_average and
      "an average of optim.ema: give a network that holds its numbers" or options.shown(value)))
  end
  if times ~= nil then return times end
  local own = type(value) == "table" and rawget(value, "times")
  if math.type(own) then return own end
  return named_arguments(value) == 2 and 1 or 2
end
