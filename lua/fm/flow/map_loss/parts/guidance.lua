-- Guidance inside the target: what a map learns as the velocity of a row with a condition is mixed
-- with what it says itself, so that one evaluation gives guided samples. Geng et al. 2025
-- (MeanFlow), section 4.2:
--   w v + k u(x, t, t | cond) + (1 - w - k) u(x, t, t | null)
-- The flow is then guided by scale = w / (1 - k). Rows whose condition is null, and those outside
-- of the interval, keep v.
local fm <const> = require "fm"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local constant <const> = require "fm.flow.map_loss.parts.constant"
local options <const> = require "fm.parts.options"
local scales <const> = require "fm.flow.guidance.parts.scale"

local where <const> = "map_loss: guidance"

return function(given)
  local o <const> = options.read(where, type(given) == "number" and { scale = given } or given, { scale = options.none, kappa = 0, interval = options.none })
  local at <const> = scales.of(where, o.scale, o.interval)
  local kappa <const> = options.below_one(where .. ": kappa", o.kappa)

  return function(rows, x, v, t, says)
    local scale, applies = at(t)
    local w = coefficients.over_rows(scale, x) * (1 - kappa)
    if rows.lost then applies = (applies == true and 1 or applies) * (1 - rows.lost) end
    return constant(x, function()
      local mixed = v * w + says(rows.null) * (1 - kappa - w)
      if kappa > 0 then mixed = mixed + says(rows.cond) * kappa end
      return applies == true and mixed or fm.where(coefficients.over_rows(applies, x), mixed, v)
    end)
  end
end
