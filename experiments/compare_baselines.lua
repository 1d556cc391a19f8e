#!/usr/bin/env fmrun
-- Generative models on one bench: each method trains the same network (GAN and VAE: two of them)
-- on the same data for about the same CPU time, and is measured alike. Results of a run:
--   distance_N            to the data, after N evaluations of the network: W2 of points, Frechet
--                         distance in the features of a classifier for pictures; distance_floor is
--                         that of other true samples, and `quality` is floor * (1 + within)
--   distance, reached     the best of these; 1 when it is within the quality, 0 when not
--   nfe_to_quality        the fewest evaluations that give it, and samples_per_second with them
--   seconds_to_quality    CPU time of the training steps until a test with the most evaluations
--                         first had that quality
--   training_bytes        the most that tensors hold in a step, without the data set;
--                         sampling_bytes: while it samples, without what only trains
-- A method is a file of baselines/, which README.md there describes. Times are CPU times of this
-- process, since other work on a machine stretches the time on the clock.
--   fmrun -m -j 2 experiments/compare_baselines.lua data=moons method=flow,ot_cfm seed=1:5
local fm <const> = require "fm"

local kinds <const> = { moons = "points", checkerboard = "points", mnist = "pictures" }
local function names_of(list)
  local names = {}
  for name in pairs(list) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- How far samples after n evaluations are from the data, and what they cost.
local function measured(task, made, n)
  local cost = { seconds = 0, bytes = 0, samples = 0 }
  cost.distance = made.net.average:swap(function()
    made.net.model:eval()
    local distance = task.distance(function(z, rng)
      local held, began = fm.live_bytes(), os.clock()
      fm.peak_begin()
      local x = made.sample(z, n, rng)
      cost.seconds, cost.samples = cost.seconds + os.clock() - began, cost.samples + #z
      cost.bytes = math.max(cost.bytes, fm.peak_bytes() - held)
      return x
    end)
    made.net.model:train()
    return distance
  end)
  return cost
end

return fm.experiment {
  name = "compare_baselines",
  params = {
    method = { "flow", "a file of baselines/" }, data = { "moons", "what is learned, from noise", choices = names_of(kinds) },
    folder = { "", "where the files of mnist lie, if not in the usual place" },
    split = { "test", "of mnist, to train with", choices = { "train", "test" } },
    steps = { 20000, "the time for training, in steps of flow matching", min = 10 }, batch = { 128, "rows in a step", min = 2 },
    lr = { 2e-3, "learning rate: it rises to this, and falls along half a cosine" }, decay = { 0.999, "of the averaged weights, which sample" },
    hidden = { 64, "width of the network for points", min = 1 }, width = { 16, "channels of the U-Net at full size", min = 2 },
    samples = { 1500, "samples of a test", min = 10 }, tests = { 2, "tests of points", min = 1 },
    checks = { 8, "how often the distance is measured in training", min = 1 }, most = { 64, "evaluations at most", min = 1 },
    within = { 0.5, "how far above its floor the distance may be, as a share of the floor" },
  },
  presets = { mnist = { data = "mnist", steps = 1500, batch = 32, decay = 0.995, samples = 256, checks = 3, most = 32 } },
  run = function(run, p)
    local kind <const>, method <const> = kinds[p.data], require("baselines." .. p.method)
    local task = require("baselines.parts." .. kind)(run, p)
    local learners, evaluations = require "baselines.parts.learners", {}
    if method.only and method.only ~= kind then fm.fail(("compare_baselines: %s is for %s only"):format(p.method, method.only)) end
    task.steps = math.max(p.checks, p.steps / (method.cost and method.cost[kind] or 1) // 1)
    learners.begin(task, p, run.rng:stream "loss")
    collectgarbage()
    local held = fm.live_bytes()
    local made, seen = method.make(task), { seconds = 0, bytes = 0, tests = {} }
    for _, n in ipairs(method.evaluations or { 1, 2, 4, 8, 16, 32, 64, 128 }) do
      if n <= p.most then evaluations[#evaluations + 1] = n end
    end
    task.keeps.seen = seen
    run:keeps(task.keeps)
    local quality <const>, full <const> = task.floor * (1 + p.within), evaluations[#evaluations]

    for k, x1 in run:steps(task.steps, task.batches) do
      local began = os.clock()
      run:log { loss = made.step(x1, k) }
      seen.seconds = seen.seconds + os.clock() - began
      seen.bytes = math.max(seen.bytes, task.peak)
      if k * p.checks // task.steps > (k - 1) * p.checks // task.steps then
        seen.tests[#seen.tests + 1] = { seen.seconds, measured(task, made, full).distance, k }
        run:log { distance = seen.tests[#seen.tests][2] }
      end
    end

    collectgarbage()
    seen.bytes = seen.bytes + fm.live_bytes() - held
    local x, y, best, reached = {}, {}, math.huge, false
    for i, n in ipairs(evaluations) do
      local cost = measured(task, made, n)
      x[i], y[i], best = n, cost.distance, math.min(best, cost.distance)
      run:summary { ["distance_" .. n] = cost.distance, sampling_bytes = cost.bytes + made.net.bytes }
      if not reached and cost.distance <= quality then
        run:summary { nfe_to_quality = n, samples_per_second = cost.samples / cost.seconds }
        reached = true
      end
    end
    for _, test in ipairs(seen.tests) do
      if test[2] <= quality then run:summary { seconds_to_quality = test[1] } break end
    end
    run:summary { distance = best, distance_floor = task.floor, reached = reached and 1 or 0, training_bytes = seen.bytes,
      training_seconds = seen.seconds, ms_per_step = seen.seconds * 1000 / task.steps }
    run:curve("evaluations", { x = x, y = y, xlabel = "evaluations of the network", ylabel = task.unit, floor = task.floor, log = "xy" })
    made.net.average:swap(function() run:picture("samples", task.picture(function(z, rng) return made.sample(z, full, rng) end)) end)
  end,
}
