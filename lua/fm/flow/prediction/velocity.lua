-- velocity: u, the slope of the path.
local fm <const> = require "fm"

-- w = s da - a ds is positive where a / s grows; its sign is kept. Where it is 0 the velocity tells
-- nothing about where x comes from: 1 / infinity is 0.
local function signed_divisor(w, guard)
  if type(w) == "number" then return w == 0 and math.huge or w < 0 and math.min(w, -guard) or math.max(w, guard) end
  return fm.where(w, fm.where(w:clamp { max = 0 }, w:clamp { max = -guard }, w:clamp { min = guard }), math.huge)
end

return {
  target = function(_, _, u) return u end,
  velocity = function(p) return p end,
  centre = function(a, s, da, ds) return (a * da + s * ds) / (a * a + s * s) end,
  rate = function(a, s, da, ds) return s * da - a * ds end,
  per_rate = function(a, s, da, ds, guard) return 1 / signed_divisor(s * da - a * ds, guard) end,
}
