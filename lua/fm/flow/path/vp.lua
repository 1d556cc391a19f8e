-- vp{beta_min = 0.1, beta_max = 20}: the diffusion of Song et al. 2021 run from noise to data: T =
-- (1 - t)^2 (beta_max - beta_min) / 2 + (1 - t) beta_min, a = exp(-T / 2), s = sqrt(1 - exp(-T)).
-- The slope of s has no bound at t = 1 (unless beta_min is 0).
local fm <const> = require "fm"
local divisor <const> = require "fm.flow.prediction.parts.divisor"
local options <const> = require "fm.parts.options"
local f <const> = require "fm.flow.path.parts.functions"

return function(given)
  local where <const> = "path vp"
  local o = options.read(where, given, { beta_min = 0.1, beta_max = 20 })
  local low, high = options.number(where .. ": beta_min", o.beta_min, 0, 1e6), options.number(where .. ": beta_max", o.beta_max, 0, 1e6)
  if low + high == 0 then fm.fail(where .. ": beta_min and beta_max are both 0: there is no noise") end
  local width = high - low
  local function total(t)
    local r = 1 - t
    return r * (r * (width / 2) + low)
  end
  local function slope(t) return (1 - t) * -width - low end
  local function a(t) return f.exp(total(t) * -0.5) end
  local function s(t) return f.sqrt(f.one_less_exp(total(t))) end
  return {
    a = a,
    s = s,
    da = function(t) return slope(t) * a(t) * -0.5 end,
    ds = function(t) return slope(t) * f.exp(-total(t)) / s(t) * 0.5 end,
    time = function(y, z) -- T from the ratio; then (1 - t), the root of a quadratic equation in a form that loses no digits
      y = divisor(y, 1e-18)
      local T = f.log(y * y / (y * y + z * z)) * -1
      return 1 - T * 2 / divisor(f.sqrt(T * (2 * width) + low * low) + low, 1e-30)
    end,
  }
end
