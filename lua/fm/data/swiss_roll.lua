-- A rolled sheet seen from its end, like scikit-learn's make_swiss_roll without the second axis,
-- divided by 5.
local points <const> = require "fm.data.parts.points"
local columns <const> = require "fm.data.parts.columns"

return points("swiss_roll", { noise = 0.05 }, function(_, u)
  local t = (u() * 2 + 1) * (1.5 * math.pi)
  return columns(t * t:cos(), t * t:sin()) / 5
end)
