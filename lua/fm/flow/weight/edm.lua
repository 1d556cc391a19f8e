-- edm{sigma_data = 0.5}: (sigma^2 + sigma_data^2) / (sigma sigma_data)^2 times the error of the
-- data, with sigma = s / a: at first the losses of all noise levels are of one size. Karras et al.
-- 2022, table 1.
local options <const> = require "fm.parts.options"
local divisor <const> = require "fm.flow.prediction.parts.divisor"

return function(given)
  local where <const> = "weight edm"
  local of_data <const> = options.number(where .. ": sigma_data", options.read(where, given, { sigma_data = 0.5 }).sigma_data, 1e-6, 1e6)
  return { of = "data", weight = function(a, s, _, guard)
    return (s ^ 2 + (a * of_data) ^ 2) / (divisor(s, guard) * of_data) ^ 2
  end }
end
