-- way{tokens, length, rng, warp, self_conditioning}: straight lines from noise to a vector x for
-- each token, z = (1 - c) noise + c x, in a time t whose steps are small where they decide. A flow
-- along it is told by an estimate of x: dz/dc = (x - z) / (1 - c).
--   tokens, length      how many vectors there are, and how long each is: see warp.lua
--   warp                false: c is t
--   self_conditioning   the network also sees what it said in the step before; in half of the steps
--                       of the training, what it says first. Chen, Zhang, Hinton 2023
-- estimate(z, c, t, before) is the script's; before is nil at first.
local fm <const> = require "fm"
local warp <const> = require "text_parts.warp"

local points <const> = 1024 -- of the table of c

local way <const> = {}
way.__index = way

--- z [B, L, D] for a batch of x, c [B, 1, 1] and t [B], from `from`, 0 when nil, to below 1.
function way:drawn(x, rng, from)
  local k = rng:integers(#x, (from or 0) * points // 1 | 0, points - 1)
  local c = self.c_of:index_select(k + 1, 1):reshape(#x, 1, 1)
  return rng:normal(x:shape()) * (1 - c) + x * c, c, k / points
end

--- What the network sees: z, and beside it what was said, both with numbers of mean square 1.
function way:seen(z, c, before)
  local square = self.length ^ 2 / z:size(3) -- the mean one of x
  local x = z / ((1 - c) ^ 2 + c ^ 2 * square) ^ 0.5
  if not self.self_conditioning then return x end
  return fm.cat(x, before and before / square ^ 0.5 or z * 0, 3)
end

--- The last argument of an estimate in a step of the training.
function way:before(rng, estimate, z, c, t)
  if not self.self_conditioning or rng:number() >= 0.5 then return nil end
  local scope <close> = fm.scope()
  return estimate(z, c, t):detach()
end

--- Goes from noise to the time `to`, 1 when nil, in as many Euler steps. Returns z, what was said
--- last, and the c and t that z has come to.
function way:walk(estimate, z, steps, to)
  local said, c, t = nil, self.c_of[1], 0
  for i = 1, steps do
    said = estimate(z, c, t, said):detach()
    local k = i * (to or 1) * points // steps | 0
    local later = self.c_of[k + 1]
    z = (z + (said - z) * ((later - c) / (1 - c))):detach()
    c, t = later, k / points
  end
  return z, said, c, t
end

return function(o)
  local c_of <const> = o.warp and warp(o.tokens, o.rng, points, o.length) or fm.linspace(0, 1, points + 1)
  return setmetatable({ c_of = c_of, length = o.length, self_conditioning = o.self_conditioning }, way)
end
