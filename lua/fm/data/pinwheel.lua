-- Five bent arms. Johnson et al. 2016.
local points <const> = require "fm.data.parts.points"
local columns <const> = require "fm.data.parts.columns"

return points("pinwheel", { arms = 5, radial = 0.3, tangential = 0.1, rate = 0.25 }, function(o)
  local along, across = o.rng:normal(o.n) * o.radial + 1, o.rng:normal(o.n) * o.tangential
  local angle = o.rng:integers(o.n, 1, o.arms) * (2 * math.pi / o.arms) + along:exp() * o.rate
  local c, s = angle:cos(), angle:sin()
  return columns(along * c - across * s, along * s + across * c) * 2
end)
