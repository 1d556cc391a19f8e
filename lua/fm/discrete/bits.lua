-- bits(model, tokens, {path, rng, draws = 1, cond}) -> bits per token, standard error: an upper
-- bound on -log2 p(tokens) / L of the flow, the mean over rows and draws; the error over rows (nil
-- for one row) is that for rows drawn as these were. The bound is the integral over k = 0 .. 1 of
-- dk / (1 - k) times what the model misses of the path's jumps, Shaul et al. 2024 (equation 24).
--
-- A source that masks: the sum of -log p over masked tokens. With m masked tokens, dk / (1 - k)
-- leaves each m = 1 .. L the weight 1 / m, so m is drawn and not k: no term is large.
-- Any other: the sum of [x_t = x1] - p(x_t) - [x_t /= x1] log p(x1), with k = 1 - v^2 for uniform
-- v. It is never tight, because the sampler may leave a token of x1 again, and a path does not.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.discrete.parts.paths"

local where <const> = "discrete.bits"
local none <const> = options.none
local defaults <const> = { path = none, rng = none, draws = 1, cond = none }

--- Nats of each row, [B].
local function by_masks(path, x1, rng, log_prob)
  local B, L <const> = #x1, x1:size(2)
  local order = rng:uniform(B, L)
  local sorted, places = order:sort(2)
  local m = rng:integers(B, L):reshape(B, 1)
  local masked = places:argsort(2):le(m)
  local t = (1 - sorted:gather(m, 2)) ^ (1 / path.power) -- k is the share of uniforms above the m-th
  local log_p = log_prob(fm.where(masked, path.states, x1), t:reshape(B))
  return -(log_p * masked):sum(2) * L / m:reshape(B)
end

local function by_jumps(path, x1, rng, log_prob)
  local B <const> = #x1
  local v = ((fm.range(0, B - 1) + rng:uniform(B)) / B):index_select(rng:permutation(B), 1):clamp { min = 1e-6 }
  local t = (1 - v:square()) ^ (1 / path.power)
  local xt = path:sample(x1, t, rng)
  local log_p, log_stay = log_prob(xt, t)
  local stays = xt:eq(x1)
  return (stays - log_stay:exp() - (1 - stays) * log_p):sum(2) * 2 / v
end

return function(model, tokens, given, ...)
  options.no_more(where, 3, ...)
  local o = options.read(where, given, defaults)
  if not options.callable(model) then fm.fail(where .. ": the model is " .. options.shown(model) .. ", expected a function or a model") end
  local path <const>, rng <const> = paths.of(where, o.path), options.rng(where, o.rng)
  paths.check_tokens(where, "tokens", tokens, path.vocabulary)
  local function log_prob(xt, t)
    local logits = paths.logits(where, path, model, xt, t, o.cond):detach()
    return paths.log_prob(logits, tokens), paths.log_prob(logits, xt)
  end
  local estimate, draws = path.masks and by_masks or by_jumps, options.integer(where .. ": draws", o.draws, 1, 1e6)
  local rows = estimate(path, tokens, rng, log_prob)
  for _ = 2, draws do rows = rows + estimate(path, tokens, rng, log_prob) end
  rows = rows / (draws * tokens:size(2) * math.log(2))
  local B <const> = #tokens
  return rows:mean():item(), B > 1 and math.sqrt(rows:var { unbiased = true }:item() / B) or nil
end
