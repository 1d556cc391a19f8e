-- sample(model, {path, n, length, steps = 64, rng, cond, corrector, corrections = 0}) -> tokens [n,
-- length], info: a Markov chain in continuous time, from the source at t = 0 to data at t = 1. In a
-- step each open token is drawn from the model with the probability that the path has to settle
-- then, and an open one of a source that draws may be drawn anew: exact for a model that does not
-- change within the step, see parts/moves.lua. In the last step all tokens settle.
--   corrector     beta >= 0, a number or a function of t: in each step rates forward 1 + beta times
--                 and backward beta times, so that settled tokens open again. Gat et al. 2024
--   corrections   after each step but the last, so many calls of the model in which the rates
--                 forward and backward, beta times each (0.5), act as long as a step, at the time
--                 reached; the steps themselves are then taken without a corrector
-- The error of a step is that its tokens are drawn apart. It falls as 1 / steps; corrections mend
-- it, a corrector within the steps adds to it and mends what a model of its own gets wrong.
-- info: nfe, steps.
local chain <const> = require "fm.discrete.parts.chain"
local options <const> = require "fm.parts.options"

local where <const> = "discrete.sample"
local none <const> = options.none
local defaults <const> = chain.options { n = none, length = none }

return function(model, given, ...)
  options.no_more(where, 2, ...)
  local o = options.read(where, given, defaults)
  local path <const> = chain.read(where, model, o)
  local n, length = options.integer(where .. ": n", o.n, 1, 2 ^ 31), options.integer(where .. ": length", o.length, 1, 2 ^ 31)
  return chain.run(where, model, o, path, path:start(n, length, o.rng))
end
