-- path_energy(model, x0, {steps, method, cond, ...}) -> number, info: the mean over rows of the
-- integral over time of |v(x_t, t)|^2, summed over dimensions, along solved paths. It is at least
-- the squared 2-Wasserstein distance between the ends. Benamou and Brenier 2000; Tong et al. 2023.
local along <const> = require "fm.flow.parts.along"
local options <const> = require "fm.parts.options"

local where <const> = "path_energy"

return function(model, x0, given, ...)
  options.no_more(where, 3, ...)
  local call, o = along.read(where, model, x0, given)
  local x1, each, info = along.integral(where, call, x0, o, function(v) return v:square() end)
  return along.mean(each, x1, info)
end
