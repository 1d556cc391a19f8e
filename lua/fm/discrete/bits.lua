-- bits(model, tokens, {path, rng, draws = 1, cond}) -> bits per token, standard error: an upper
-- bound on -log2 p(tokens) / L of the flow, the mean over rows and draws; the error over rows (nil
-- for one row) is that for rows drawn as these were. The flow is that which discrete.sample draws
-- from with many steps, without a corrector. For the best model the bound is the entropy, with
-- masks and with a source whose probabilities are known, as uniform; see parts/bounds.lua.
local bounds <const> = require "fm.discrete.parts.bounds"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.discrete.parts.paths"

local where <const> = "discrete.bits"
local none <const> = options.none
local defaults <const> = { path = none, rng = none, draws = 1, cond = none }

return function(model, tokens, given, ...)
  options.no_more(where, 3, ...)
  local o = options.read(where, given, defaults)
  paths.check_model(where, model)
  local path <const>, rng <const> = paths.of(where, o.path), options.rng(where, o.rng)
  paths.check_tokens(where, "tokens", tokens, path.vocabulary)
  local function logits_at(xt, t) return paths.logits(where, path, model, xt, t, o.cond):detach() end
  local estimate, draws = bounds.of(path), options.integer(where .. ": draws", o.draws, 1, 1e6)
  local rows = estimate(path, tokens, rng, logits_at)
  for _ = 2, draws do rows = rows + estimate(path, tokens, rng, logits_at) end
  rows = rows / (draws * tokens:size(2) * math.log(2))
  local B <const> = #tokens
  return rows:mean():item(), B > 1 and math.sqrt(rows:var { unbiased = true }:item() / B) or nil
end
