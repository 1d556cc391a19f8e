-- lsd: Lagrangian self-distillation. Along its end the map moves with the velocity there: d/dt X(x,
-- s, t) = u(X(x, s, t), t, t), with X = x + (t - s) u. Boffi, Albergo and Vanden-Eijnden 2025.
local fm <const> = require "fm"
local constant <const> = require "fm.flow.map_loss.parts.constant"

return { residual = function(rows)
  local x, s, t, length = rows:at(rows.s), rows.s, rows.t, rows.length
  local u, du = fm.jvp(function(to) return rows:u(x, s, to) end, { t }, { 1 })
  local target = constant(x, function() return rows:guide(x + length * u, t, t) end)
  return u + length * du, target
end }
