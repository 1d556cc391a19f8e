-- A letter S, like scikit-learn's make_s_curve without the second axis.
local points <const> = require "fm.data.parts.points"
local columns <const> = require "fm.data.parts.columns"

return points("s_curve", { noise = 0.05 }, function(_, u)
  local t = (u() - 0.5) * (3 * math.pi)
  local drop = t:cos() - 1
  return columns(t:sin(), t:relu():where(drop, -drop))
end)
