#!/usr/bin/env fmrun
-- Generative models on one bench: each method trains the same network (GAN and VAE: several) on the
-- same data for about the same CPU time, and is measured alike. Results of a run:
--   distance_N            to the data, after N evaluations of the network: W2 of points, Frechet
--                         distance in the features of a classifier for pictures; distance_floor is
--                         that of other true samples, and the quality is floor * (1 + within)
--   distance, reached     the best of these; 1 when it has the quality, 0 when not
--   nfe_to_quality        the fewest evaluations that have it, and samples_per_second with them
--   seconds_to_quality    CPU time of the training steps until a test with the most evaluations
--                         first had it
--   transport             the mean square of the way from noise to sample over that of the optimal
--                         transport between the same ends: 1 is optimal
--   training_bytes        the most that tensors hold in a step, without the data set;
--                         sampling_bytes: while it samples, without what only trains
-- A method is a file of baselines/, see README.md there. Times are CPU times of this process, since
-- other work on a machine stretches the time on the clock. compare_table.lua makes tables of the
-- runs. A run on points takes about 10 s, so five seeds of 15 methods take 75 minutes of one core:
--   fmrun -m -j 2 experiments/compare_baselines.lua method=flow,ddpm data=moons,checkerboard \
--     lr=2e-3,5e-4,8e-3 seed=1:5
-- With preset=mnist steps=3000, about 5 minutes each, 14 methods and the same seeds and rates, it
-- is a night on two cores. A sweep that was stopped goes on when it is started again.
local fm <const> = require "fm"
local learners <const>, measured <const> = require "baselines.parts.learners", require "baselines.parts.measured"
local is_method <const>, kinds <const> = require "baselines.parts.is_method", require "baselines.parts.kinds"
local results <const>, quality_by_evaluations <const> = require "baselines.parts.results", require "baselines.parts.quality_by_evaluations"

return fm.experiment {
  name = "compare_baselines",
  params = {
    method = { "flow", "a file of baselines/" },
    data = { "moons", "what is learned, from noise", choices = { "moons", "checkerboard", "mnist" } },
    folder = { "", "where the files of mnist lie, if not in the usual place" },
    split = { "test", "of mnist, to train with", choices = { "train", "test" } },
    steps = { 20000, "the time for training, in steps of flow matching", min = 10 }, batch = { 128, "rows in a step", min = 2 },
    lr = { 2e-3, "learning rate: it rises to this, and falls along half a cosine" }, decay = { 0.999, "of the averaged weights, which sample" },
    hidden = { 64, "width of the network for points", min = 1 }, width = { 16, "channels of the U-Net at full size", min = 2 },
    samples = { 1500, "samples of a test", min = 10 }, tests = { 2, "tests of points", min = 1 },
    checks = { 8, "how often the distance is measured in training", min = 1 }, most = { 64, "evaluations at most", min = 1 },
    within = { 0.5, "how far above its floor the distance may be, as a share of the floor" },
  },
  presets = { mnist = { data = "mnist", steps = 1200, batch = 32, width = 8, decay = 0.99, samples = 256, checks = 3, most = 32, within = 4.0 } },
  run = function(run, p)
    if not is_method(p.method) then fm.fail("compare_baselines: there is no file baselines/" .. p.method .. ".lua") end
    local kind <const>, method <const> = kinds[p.data], require("baselines." .. p.method)
    if method.only and method.only ~= kind then fm.fail(("compare_baselines: %s is for %s only"):format(p.method, method.only)) end
    local task, evaluations = require("baselines.parts." .. kind)(run, p), {}
    task.steps = math.max(p.checks, p.steps / (method.cost and method.cost[kind] or 1) // 1)
    for _, n in ipairs(method.evaluations or { 1, 2, 4, 8, 16, 32, 64, 128 }) do
      if n <= p.most then evaluations[#evaluations + 1] = n end
    end
    learners.begin(task, p, run.rng:stream "loss")
    collectgarbage()
    local held, seen = fm.live_bytes(), { seconds = 0, bytes = 0, tests = {} }
    local made = method.make(task)
    task.keeps.seen = seen
    run:keeps(task.keeps)

    for k, x1 in run:steps(task.steps, task.batches) do
      local began = os.clock()
      run:log { loss = made.step(x1, k) }
      seen.seconds, seen.bytes = seen.seconds + os.clock() - began, math.max(seen.bytes, task.peak)
      if k * p.checks // task.steps > (k - 1) * p.checks // task.steps then
        local distance = measured(task, made, evaluations[#evaluations]).distance
        seen.tests[#seen.tests + 1] = { seen.seconds, distance }
        run:log { distance = distance }
      end
    end
    collectgarbage()
    seen.bytes = seen.bytes + fm.live_bytes() - held
    quality_by_evaluations(run, task, made, method)
    results(run, task, made, evaluations, task.floor * (1 + p.within), seen)
  end,
}
