-- cosmap: 1 - 1 / (tan(pi u / 2) + 1) of a uniform u: the times at which the straight line has the
-- ratios of signal to noise that the cosine path has at u. Esser et al. 2024, section 3.1.
local below_one <const> = require "fm.flow.time.parts.below_one"
local options <const> = require "fm.parts.options"

return function(given)
  options.read("time cosmap", given, {})
  return function(rng, n)
    local angle = rng:uniform(n) * (math.pi / 2)
    local sine = angle:sin()
    return (sine / (sine + angle:cos())):clamp(0, below_one)
  end
end
