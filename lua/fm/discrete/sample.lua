-- sample(model, {path, n, length, steps = 64, rng, cond}) -> tokens [n, length], info: a Markov
-- chain in continuous time, from the source at t = 0 to data at t = 1. In a step from t to t' each
-- token (a masked one, if the source masks) is drawn anew from the model with the probability that
-- the path has to settle then, (k(t') - k(t)) / (1 - k(t)) for k = t^power: exact for a model that
-- does not change within the step. In the last step it is 1. Gat et al. 2024, algorithm 1.
-- info: nfe, steps.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.discrete.parts.paths"

local where <const> = "discrete.sample"
local none <const> = options.none
local defaults <const> = { path = none, n = none, length = none, steps = 64, rng = none, cond = none }

local least <const> = 2.0 ^ -33 -- below what a stream draws

--- A token for each place by the model's probabilities (Gumbel's way).
local function drawn(logits, rng)
  local noise = -(-(rng:uniform(logits:shape()):clamp { min = least }:log())):clamp { min = least }:log()
  return (logits:detach() + noise):argmax(3)
end

return function(model, given, ...)
  options.no_more(where, 2, ...)
  local o = options.read(where, given, defaults)
  if not options.callable(model) then fm.fail(where .. ": the model is " .. options.shown(model) .. ", expected a function or a model") end
  local path <const>, rng <const> = paths.of(where, o.path), options.rng(where, o.rng)
  local steps, n, length = options.integer(where .. ": steps", o.steps, 1, 1e6), options.integer(where .. ": n", o.n, 1, 2 ^ 31),
    options.integer(where .. ": length", o.length, 1, 2 ^ 31)
  local x = path:start(n, length, rng)
  for step = 1, steps do
    local t = (step - 1) / steps
    local before, after = path:kept(t), path:kept(step / steps)
    local settle = step == steps and 1 or (after - before) / (1 - before)
    local tokens = drawn(paths.logits(where, path, model, x, fm.full(n, t), o.cond), rng)
    local moves = rng:uniform(n, length):lt(settle)
    if path.masks then moves = moves * x:eq(path.states) end
    x = fm.where(moves, tokens, x)
  end
  return x, { nfe = steps, steps = steps }
end
