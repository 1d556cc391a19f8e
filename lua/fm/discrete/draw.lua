-- draw(logits [..., V], {rng}) -> tokens [...], each of 1 .. V with the probability that softmax of
-- the logits gives it: the largest of them plus Gumbel noise. A logit of -inf is never drawn. No
-- gradient goes through it.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

local where <const> = "discrete.draw"
local defaults <const> = { rng = options.none }
local least <const> = 2.0 ^ -33 -- below what a stream draws

return function(logits, given, ...)
  options.no_more(where, 2, ...)
  local rng <const> = options.rng(where, options.read(where, given, defaults).rng)
  if not fm.is_tensor(logits) or logits:rank() < 1 or logits:count() == 0 then
    fm.fail(("%s: logits: expected a tensor [..., V], found %s"):format(where, options.shown(logits)))
  end
  local noise = -(-(rng:uniform(logits:shape()):clamp { min = least }:log())):clamp { min = least }:log()
  return (logits:detach() + noise):argmax(logits:rank())
end
