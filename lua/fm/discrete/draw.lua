-- draw(logits [..., V], {rng}) -> tokens [...], each of 1 .. V with the probability that softmax of
-- the logits gives it: the largest of them plus Gumbel noise. A logit of -inf is never drawn; a row
-- that has NaN or inf, or -inf only, has no such probabilities and is an error. No gradient goes
-- through it.
local drawn <const> = require "fm.discrete.parts.drawn"
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

local where <const> = "discrete.draw"
local defaults <const> = { rng = options.none }

return function(logits, given, ...)
  options.no_more(where, 2, ...)
  local rng <const> = options.rng(where, options.read(where, given, defaults).rng)
  if not fm.is_tensor(logits) or logits:rank() < 1 or logits:count() == 0 then
    fm.fail(("%s: logits: expected a tensor [..., V], found %s"):format(where, options.shown(logits)))
  end
  local place, problem = drawn.problem(logits)
  if place then fm.fail(("%s: logits: %s%s"):format(where, logits:rank() > 1 and ("row %s has "):format(place) or "", problem)) end
  return drawn.tokens(logits, rng)
end
