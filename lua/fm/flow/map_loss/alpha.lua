-- alpha{alpha = 0.02}: the mean velocity from s to t is v for a part alpha of the way, and then the
-- mean velocity from m = s + alpha (t - s) on. 1 is flow matching from s, and towards 0 it becomes
-- meanflow, without a derivative. x_m lies on the line of the pair and not of the flow, so a large
-- alpha is biased: take it from 1 down while training, or a small one. alpha-Flow, Zhang et al.
-- 2025.
local constant <const> = require "fm.flow.map_loss.parts.constant"
local options <const> = require "fm.parts.options"

return function(given)
  local where <const> = "map_loss alpha"
  local alpha <const> = options.number(where .. ": alpha", options.read(where, given, { alpha = 0.02 }).alpha, 1e-6, 1)
  local scale <const> = 1 / alpha ^ 0.5
  return { residual = function(rows)
    local s, t = rows.s, rows.t
    local x, v = rows:with_velocity(s)
    local target = constant(x, function()
      local m = s + (t - s) * alpha
      return (v * alpha + rows:guide(rows:at(m), m, t) * (1 - alpha)) * scale
    end)
    return rows:u(x, s, t) * scale, target
  end }
end
