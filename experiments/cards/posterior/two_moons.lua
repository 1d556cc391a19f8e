-- Two moons: a crescent in the plane, moved by two parameters such that an observation has two
-- possible causes. Greenberg et al. 2019; Lueckmann et al. 2021, task T.8. Its posterior is sampled
-- exactly: two parameters move a point of the crescent to the observation.
local fm <const> = require "fm"

local half <const> = 0.5 ^ 0.5

-- n points of the crescent
local function crescent(n, rng)
  local angle, radius = (rng:uniform(n) - 0.5) * math.pi, rng:normal(n) * 0.01 + 0.1
  return angle:cos() * radius + 0.25, angle:sin() * radius
end

return {
  box = { -1, 1 },
  prior = function(n, rng) return rng:uniform(n, 2) * 2 - 1 end,
  simulate = function(theta, rng)
    local u, v = crescent(#theta, rng)
    local a, b = theta[{ {}, 1 }], theta[{ {}, 2 }]
    return fm.stack(u - ((a + b) * half):abs(), v + (b - a) * half, { axis = 2 })
  end,
  propose = function(n, x, rng)
    local u, v = crescent(n, rng)
    local size, difference = u - x[1], x[2] - v -- |a + b| and b - a, times half
    local sum = size * (rng:integers(n, 0, 1) * 2 - 1)
    return fm.stack((sum - difference) * half, (sum + difference) * half, { axis = 2 }), size:ge(0)
  end,
  -- the ten observations of sbibm 1.1.0, from its observation.csv files
  observed = {
    { -0.6396706, 0.16234657 }, { -0.5676688, -0.33194834 }, { 0.0030109584, -0.6457662 }, { -0.25049388, 0.633055 }, { -0.66463584, -0.42604533 },
    { -0.12940255, 0.3873573 }, { 0.19458583, 1.0400153 }, { 0.13603824, 0.9160449 }, { -0.17962828, -0.5452459 }, { 0.14563406, -1.170141 },
  },
}
