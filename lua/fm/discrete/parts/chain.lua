-- The chain of discrete.sample and discrete.inpaint: steps in time and corrections.
local drawn <const> = require "fm.discrete.parts.drawn"
local fm <const> = require "fm"
local moves <const> = require "fm.discrete.parts.moves"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.discrete.parts.paths"

local chain <const> = {}

local none <const> = options.none
local mild <const> = 0.5 -- a strength with which corrections of few calls mend most

--- The defaults of both, with those of `more`.
function chain.options(more)
  local all = { path = none, steps = 64, rng = none, cond = none, corrector = none, corrections = 0 }
  for name, value in pairs(more) do all[name] = value end
  return all
end

--- A function of t: how strong the corrector is.
local function strength(where, o, path)
  local what = o.corrector
  if what == nil then what = o.corrections > 0 and mild or 0 end
  if what ~= 0 and not path.masks and not path.probability then
    fm.fail(where .. ": corrector: the path's source has no probability(V), which it needs")
  end
  local function checked(value) return options.number(where .. ": corrector", value, 0, 1e6) end
  if options.callable(what) then return function(t) return checked(what(t)) end end
  checked(what)
  if what == 0 and o.corrections > 0 then fm.fail(where .. ": corrector is 0: the corrections would change nothing") end
  return function() return what end
end

--- What the options ask for, checked.
function chain.read(where, model, o)
  paths.check_model(where, model)
  local path <const> = paths.of(where, o.path)
  options.rng(where, o.rng)
  o.steps, o.corrections = options.integer(where .. ": steps", o.steps, 1, 1e6), options.integer(where .. ": corrections", o.corrections, 0, 1e6)
  o.strength = strength(where, o, path)
  return path
end

--- From x at t = 0 to tokens at t = 1, and info. hold(x), or nil: x with what is given put back.
function chain.run(where, model, o, path, x, hold)
  local n <const>, steps <const>, rng <const> = #x, o.steps, o.rng
  local function moved(step, t, k, move)
    local logits = paths.logits(where, path, model, x, fm.full(n, t), o.cond)
    local place, problem = drawn.problem(logits)
    if place then fm.fail(("%s: step %d, t = %.4g: the model's logits [%s] have %s"):format(where, step, t, place, problem)) end
    x = moves.made(path, move, x, drawn.tokens(logits, rng), k, rng)
    if hold then x = hold(x) end
  end
  for step = 1, steps do
    local t, t2 = (step - 1) / steps, step / steps
    local k, k2 = path:kept(t), path:kept(t2)
    moved(step, t, k, moves.step(k, k2, o.corrections > 0 and 0 or o.strength((t + t2) / 2), path.probability ~= nil))
    if step < steps then
      for _ = 1, o.corrections do moved(step, t2, k2, moves.correction(k2, k2 - k, o.strength(t2))) end
    end
  end
  return x, { nfe = steps + o.corrections * (steps - 1), steps = steps }
end

return chain
