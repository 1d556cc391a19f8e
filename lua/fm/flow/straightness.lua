-- straightness(model, x0, {steps, method, cond, ...}) -> number, info: how far the paths of a flow
-- are from straight lines at constant speed: the mean over rows of the integral over time of
-- |(x1 - x0) - v(x_t, t)|^2, summed over dimensions. 0: one Euler step is exact. Liu et al. 2023.
local along <const> = require "fm.flow.parts.along"
local options <const> = require "fm.parts.options"

local where <const> = "straightness"

local function nothing(v) return v * 0 end

return function(model, x0, given, ...)
  options.no_more(where, 3, ...)
  local call, o = along.read(where, model, x0, given)
  local x1, _, first = along.integral(where, call, x0, o, nothing)
  local line = (x1 - x0):reshape(#x0, -1):detach()
  local _, each, info = along.integral(where, call, x0, o, function(v, pick) return ((pick and pick(line) or line) - v):square() end)
  info.nfe = info.nfe + first.nfe
  return along.mean(each, x1, info)
end
