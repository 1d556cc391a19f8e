-- couplings: milliseconds of the exact transport of a batch, of an iteration of Sinkhorn, and of
-- the choice of semidiscrete transport. Usage: fmrun tests/bench/couplings.lua prints one JSON line
-- each. peers/sinkhorn.c is the loop over exp to compare with; tests/bench/sinkhorn runs both in
-- turn.
local fm <const> = require "fm"
local clock <const> = fm.system.seconds
local flow, data = fm.flow, fm.data

local function best_of(rounds, f)
  local best = math.huge
  for _ = 1, rounds do
    local begun = clock()
    f()
    best = math.min(best, clock() - begun)
  end
  return best * 1000
end

local function say(work, n, ms) print(('{"work":"%s","n":%d,"ms":%.3f}'):format(work, n, ms)) end

local function moons(n) return data.moons { n = n, noise = 0.05, rng = fm.rng(2) } * 3 - 1 end

local sources <const> = {
  normal = function(n) return fm.rng(1):normal(n, 2) end,
  eight_gaussians = function(n) return data.eight_gaussians { n = n, rng = fm.rng(3) } end,
}

for _, n in ipairs { 256, 1024 } do
  for _, name in ipairs { "normal", "eight_gaussians" } do
    local couple, x0, x1 = flow.coupling "ot", sources[name](n), moons(n)
    say("ot " .. name .. " to moons", n, best_of(10, function() couple(x0, x1) end))
  end
  local labels, couple = fm.rng(4):integers(n, 1, 2), flow.coupling "conditional_ot"
  local x0, x1 = sources.eight_gaussians(n), moons(n)
  say("conditional_ot of 2 labels", n, best_of(10, function() couple(x0, x1, labels) end))
  couple = flow.coupling("conditional_ot", { ratio = 0.05 })
  say("conditional_ot, ratio", n, best_of(5, function() couple(x0, x1, x1) end))
  local iterations = 100
  say("sinkhorn, one iteration", n, best_of(5, function()
    flow.transport_plan(x0, x1, { reg = 0.5, iterations = iterations, tolerance = 0 })
  end) / iterations)
end

for _, D in ipairs { 2, 784 } do
  local couple = flow.coupling("semidiscrete", { data = fm.rng(5):normal(10000, D), potentials = fm.zeros(10000) })
  local x0 = fm.rng(6):normal(256, D)
  say(("semidiscrete, 10,000 rows of %d dimensions"):format(D), 256, best_of(5, function() couple(x0) end))
end
