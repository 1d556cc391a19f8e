-- meanflow: u is the mean velocity from s to t. Where its beginning moves along the path, the end
-- X(x_s, s, t) stays: u = v + (t - s) D u, D u along (v, 1) of (x, s). Geng et al. 2025.
local fm <const> = require "fm"
local constant <const> = require "fm.flow.map_loss.parts.constant"

return { no_teacher = true, residual = function(rows)
  local t, length = rows.t, rows.length
  local x, v = rows:with_velocity(rows.s)
  local u, du = fm.jvp(function(from, s) return rows:u(from, s, t) end, { x, rows.s }, { v, 1 })
  return u, constant(x, function() return v + length * du end)
end }
