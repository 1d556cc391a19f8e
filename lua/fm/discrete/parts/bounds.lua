-- The bound on -log p(x1), in nats, for each row: the integral over k = 0 .. 1 of what the model
-- misses of the path's jumps, estimated at one x_t a row. Each function takes (path, x1, rng,
-- logits_at), where logits_at(xt, t) gives logits [B, L, V], and returns [B] with its gradient.
local fm <const> = require "fm"
local paths <const> = require "fm.discrete.parts.paths"

local bounds <const> = {}

--- [B], one in each of B parts of 0..1, in random order: rows share the estimate among them.
local function spread(B, rng)
  return ((fm.range(0, B - 1) + rng:uniform(B)) / B):index_select(rng:permutation(B), 1)
end

--- v [B], spread; k = 1 - v^2, so that many are near 1; t.
local function times(path, B, rng)
  local v = spread(B, rng):clamp { min = 1e-6 }
  return v, (1 - v:square()) ^ (1 / path.power)
end

-- A source that masks: the integral over dk / (1 - k) of -log p, summed over masked tokens. With m
-- masked tokens, it leaves each m = 1 .. L the weight 1 / m, so m is drawn and not k: no term is
-- large.
local function by_masks(path, x1, rng, logits_at)
  local B, L <const> = #x1, x1:size(2)
  local order = rng:uniform(B, L)
  local sorted, places = order:sort(2)
  local m = (spread(B, rng):reshape(B, 1) * L):ge(fm.range(0, L - 1)):sum { axis = 2, keep = true } -- 1 + floor(L u)
  local masked = places:argsort(2):le(m)
  local t = (1 - sorted:gather(m, 2)) ^ (1 / path.power) -- k is the share of uniforms above the m-th
  local log_p = paths.log_prob(logits_at(fm.where(masked, path.states, x1), t:reshape(B)), x1)
  return -fm.where(masked, log_p, 0):sum(2) * L / m:reshape(B) -- it may be -inf where nothing is asked
end

-- A source of known probabilities q. What it does to the data is a chain backward in time that
-- draws tokens anew; undone, a token z becomes x at the rate k' / (k (1 - k)) times M(x), and by
-- the model times N(x), the mean of M over its x1, with o = (1 - k) q of an open token:
--   M(x) = k [x = x1] + o(x) for z /= x1,   o(x) o(z) / (k + o(z)) for z = x1
-- The bound is the integral of N - M + M log(M / N) over x /= z. The chain undone is Markov, so the
-- best model misses nothing: its bound is the entropy. Campbell et al. 2022, proposition 2.
local function by_noise(path, x1, rng, logits_at)
  local B, L <const>, V <const> = #x1, x1:size(2), path.vocabulary
  local v, t = times(path, B, rng)
  local xt = path:sample(x1, t, rng)
  local open = v:square():reshape(B, 1, 1)
  local k = 1 - open
  local p = logits_at(xt, t):softmax(3)
  local at_z, at_x1 = fm.one_hot(xt, { n = V }), fm.one_hot(x1, { n = V })
  local o = open * path.probability:reshape(1, 1, V)
  local o_z = open * paths.chance(path, xt):reshape(B, L, 1)
  local looks = o_z / (k + o_z) -- the chance that a token which looks settled is open
  local p_z = (p * at_z):sum { axis = 3, keep = true }
  local by_model = p * k + o * (1 - p_z + p_z * looks)
  local by_path = fm.where(xt:eq(x1):reshape(B, L, 1), o * looks, at_x1 * k + o)
  local ratio = by_model / by_path
  local missed = by_path * (ratio - 1 - ratio:log()) * (1 - at_z)
  return missed:sum(3):sum(2) * 2 / (v * (1 - v:square()):clamp { min = 1e-6 })
end

-- Any other source: [x_t = x1] - p(x_t) - [x_t /= x1] log p(x1), the rates forward of a path of
-- which x0 is known; Shaul et al. 2024, equation 24. It is never tight: the path remembers x0,
-- which the sampler does not.
local function by_jumps(path, x1, rng, logits_at)
  local v, t = times(path, #x1, rng)
  local xt = path:sample(x1, t, rng)
  local logits = logits_at(xt, t)
  local stays = xt:eq(x1)
  return (stays - paths.log_prob(logits, xt):exp() - fm.where(stays, 0, paths.log_prob(logits, x1))):sum(2) * 2 / v
end

--- That of a path's source.
function bounds.of(path)
  return path.masks and by_masks or path.probability and by_noise or by_jumps
end

return bounds
