-- inpaint(model, known, mask, {path, steps = 64, rng, cond, corrector, corrections = 0}) -> tokens
-- [B, L], info: samples whose tokens are those of `known` where mask is 1. They stand there from
-- the start, and the chain of discrete.sample moves the others.
--   known   tokens [B, L]; those where mask is 0 do not matter
--   mask    1 where known holds, 0 elsewhere: [B, L], or [L] for all rows
-- With masks, tokens that are given look like tokens that have settled: for the best model the
-- others come from the distribution given them. With a source that draws, the model takes any token
-- at t, also a given one, for a random one with the probability 1 - t^power, so early on it pays
-- too little attention to what is given. Corrections mend that: what they leave as it is comes near
-- to the right distribution as t does to 1. For two tokens that depend on each other, and the best
-- model, 64 steps leave a third of the error that a blind guess has; 4 corrections of strength 1 a
-- tenth, 16 a twenty-fifth.
local fm <const> = require "fm"
local chain <const> = require "fm.discrete.parts.chain"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.discrete.parts.paths"

local where <const> = "discrete.inpaint"
local defaults <const> = chain.options {}

--- The mask in the shape of the tokens.
local function spread(mask, known)
  local shape = known:shape()
  if fm.is_tensor(mask) and mask:rank() == 1 and #mask == shape[2] then mask = mask:reshape(1, shape[2]) + fm.zeros(shape) end
  if not fm.is_tensor(mask) or mask:rank() ~= 2 or #mask ~= shape[1] or mask:size(2) ~= shape[2] then
    fm.fail(("%s: mask is %s, expected a tensor [%d, %d] or [%d]"):format(where, options.shown(mask), shape[1], shape[2], shape[2]))
  end
  local other = (mask:ne(0) * mask:ne(1)):sum():item()
  if other > 0 then fm.fail(("%s: mask: expected numbers 0 and 1, found %d others"):format(where, other)) end
  return mask:detach()
end

return function(model, known, mask, given, ...)
  options.no_more(where, 4, ...)
  local o = options.read(where, given, defaults)
  local path <const> = chain.read(where, model, o)
  if not fm.is_tensor(known) or known:rank() ~= 2 then fm.fail(("%s: known is %s, expected tokens [B, L]"):format(where, options.shown(known))) end
  mask = spread(mask, known)
  known = fm.where(mask, known, 1):detach()
  paths.check_tokens(where, "known", known, path.vocabulary)
  local function hold(x) return fm.where(mask, known, x) end
  return chain.run(where, model, o, path, hold(path:start(#known, known:size(2), o.rng)), hold)
end
