-- improved_meanflow: the identity of meanflow, solved for the velocity, u - (t - s) D u = v. D u is
-- along the model's own velocity u(x, s, s): it depends on x alone, and v of the pair is only in
-- the target. Geng et al. 2025b.
local fm <const> = require "fm"
local constant <const> = require "fm.flow.map_loss.parts.constant"

return { residual = function(rows)
  local s, t, length = rows.s, rows.t, rows.length
  local x, v = rows:with_velocity(s)
  local along = constant(x, function() return rows:guide(x, s, s) end)
  local u, du = fm.jvp(function(from, at) return rows:u(from, at, t) end, { x, s }, { along, 1 })
  return u, constant(x, function() return v + length * du end)
end }
