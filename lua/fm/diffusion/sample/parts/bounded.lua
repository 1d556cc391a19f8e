-- bounded(o, where) -> f(noise, x, a, s): what a model says of the noise in x = a x1 + s noise, so
-- that the data it implies, (x - s noise) / a, lies within -clip .. clip, entry by entry. Where a
-- is small that divisor makes a large error of a small one. Without the option clip f changes
-- nothing. Ho et al. 2020 and others bound pictures to -1 .. 1.
local options <const> = require "fm.parts.options"

local function unchanged(noise) return noise end

return function(o, where)
  if o.clip == nil then return unchanged end
  local clip <const> = options.number(where .. ": clip", o.clip, 1e-12, 1e30)
  return function(noise, x, a, s)
    return (x - ((x - noise * s) / a):clamp(-clip, clip) * a) / s
  end
end
