-- What methods of the comparison are made of, and what a run of one is worth
-- (experiments/baselines/parts): losses and samplers by hand, the cost of samples, the results.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local diffusion <const>, flow <const> = fm.diffusion, fm.flow

describe("baselines methods", function()
  local clock <const> = os.clock
  local parts <const> = checks.parts_of(setup, teardown, "experiments", "baselines", { "adversarial", "karras", "map", "measured", "noise_predictor",
    "quality_by_evaluations", "results" })
  setup(function()
    flow.map_loss("meanflow", fm.nn.vector_field { dim = 2, hidden = 2, times = 2 }, fm.ones(2, 2), { rng = fm.rng(1) }) -- loads what stays
    diffusion.sample(function(x) return x * 0 end, fm.ones(1, 2), { method = "ddim", schedule = diffusion.schedule "cosine", steps = 1 })
  end)
  after_each(function() rawset(os, "clock", clock) end)
  checks.no_bytes_stay(before_each, after_each)

  --- A clock that tells these times one after another.
  local function tell(times)
    local i = 0
    rawset(os, "clock", function()
      i = i + 1
      return times[i]
    end)
  end

  --- A network with what trains it, as learners.lua has it; a step only computes its loss.
  local function task_of(shape, network, said)
    return { shape = shape, kind = "points", rng = fm.rng(9), network = network, learner = function(name, model, options)
      table.insert(said, name)
      return { model = model, options = options, opt = { zero_grad = function() table.insert(said, name .. " cleared") end }, step = function(_, loss)
        table.insert(said, name .. " step")
        return loss()
      end }
    end }
  end

  it("cost the time of their own samples alone, and the most that these hold at once", function()
    local said = {}
    local function say(text) return function() said[#said + 1] = text end end
    local function sample(z, n, rng)
      said[#said + 1] = ("%d of %d, %g"):format(#z, n, rng)
      local held = fm.zeros(#z, 1000)
      return z + held[{ {}, { 1, 1 } }] + n
    end
    local made <const> = { sample = sample, net = { model = { eval = say "eval", train = say "train" }, average = { swap = function(_, f)
      said[#said + 1] = "average"
      local found = f()
      said[#said + 1] = "back"
      return found
    end } } }
    local x
    local task <const> = { distance = function(draw)
      x = draw(fm.ones(5, 1), 7) + 0
      draw(fm.ones(3, 1), 8)
      return 0.75
    end }
    tell { 10, 12.5, 20, 20.25 }
    local cost <const> = parts.measured(task, made, 4)
    checks.near(fm.full({ 5, 1 }, 5), x)
    assert.same({ "eval", "average", "5 of 4, 7", "3 of 4, 8", "back", "train" }, said)
    local z <const> = fm.ones(5, 1)
    local held <const> = fm.live_bytes()
    fm.peak_begin()
    sample(z, 4, 0)
    assert.same({ distance = 0.75, seconds = 2.75, samples = 8, bytes = fm.peak_bytes() - held }, cost)
    assert.truthy(cost.bytes >= 5000 * (fm.real == "float" and 4 or 8))
  end)

  --- The results of a run whose samples are so far from the data after 1, 2 and 4 evaluations.
  local function results_of(distances, tests)
    local found <const> = { summary = {}, drawn = {} }
    local asked
    local function nothing() end
    local made <const> = { net = { bytes = 100, model = { eval = nothing, train = nothing }, average = { swap = function(_, f) return f() end } } }
    local task <const> = { floor = 0.5, unit = "W2", steps = 40, distance = function(draw)
      draw(fm.ones(3, 1), 1)
      return distances[asked]
    end, transport = function(draw) draw(fm.ones(1, 1)) return 1.25 end, picture = function(draw) draw(fm.ones(1, 1)) return "picture" end }
    function made.sample(z, n)
      asked = n
      table.insert(found.drawn, ("%d %d"):format(n, #z))
      return z
    end
    local run <const> = { summary = function(_, values) for name, value in pairs(values) do found.summary[name] = value end end,
      curve = function(_, name, what) found[name] = what end, picture = function(_, name, what) found[name] = what end }
    tell { 0, 0.5, 1, 1.25, 2, 2.125 }
    parts.results(run, task, made, { 1, 2, 4 }, 1, { seconds = 8, bytes = 77, tests = tests })
    return found
  end

  it("have as results what each number of evaluations gives, the first that has the quality, and the best", function()
    local found <const> = results_of({ 3, 1, [4] = 0.75 }, { { 1.5, 3 }, { 2.5, 1 }, { 3.5, 0.5 } })
    local bytes <const> = found.summary.sampling_bytes
    assert.truthy(bytes >= 100)
    assert.same({ distance_1 = 3, distance_2 = 1, distance_4 = 0.75, distance = 0.75, distance_floor = 0.5, reached = 1, nfe_to_quality = 2,
      samples_per_second = 12, seconds_to_quality = 2.5, training_seconds = 8, training_bytes = 77, ms_per_step = 200, transport = 1.25,
      sampling_bytes = bytes }, found.summary)
    assert.same({ x = { 1, 2, 4 }, y = { 3, 1, 0.75 }, xlabel = "evaluations of the network", ylabel = "W2", floor = 0.5, log = "xy" }, found.evaluations)
    assert.same({ "1 3", "2 3", "4 3", "4 1", "4 1" }, found.drawn)
    assert.equal("picture", found.samples)
  end)

  it("have fewer results when the quality is not reached, and no picture of samples that are none", function()
    local none <const> = results_of({ 3, 1.001, [4] = 2 }, { { 1.5, 3 } })
    assert.same({ 1.001, 0, nil, nil, nil }, { none.summary.distance, none.summary.reached, none.summary.nfe_to_quality,
      none.summary.samples_per_second, none.summary.seconds_to_quality })
    assert.equal(1.25, none.summary.transport)
    local far <const> = results_of({ math.huge, math.huge, [4] = math.huge }, {})
    assert.same({ math.huge, 0, 200, nil, nil }, { far.summary.distance, far.summary.reached, far.summary.ms_per_step, far.summary.transport,
      far.samples })
    local late <const> = results_of({ 3, 2, [4] = 0.5 }, {}).summary
    assert.same({ 4, 24, 1, 0.5 }, { late.nfe_to_quality, late.samples_per_second, late.reached, late.distance })
  end)

  it("are measured by fmrun pareto through their field, else by their own steps, if these can be chosen", function()
    local said, asked = {}, nil
    local run <const> = { seed = 5, pareto = function(_, what) asked = what end }
    local task <const> = { noise = fm.ones(2, 1), judged = function() return { name = "W2" } end }
    local made <const> = { net = { model = { eval = function() said[#said + 1] = "eval" end }, average = { swap = function(_, f)
      said[#said + 1] = "average"
      f()
    end } }, sample = function(z, n, rng) return { z, n, rng:normal(1):item() } end }
    made.field = print
    parts.quality_by_evaluations(run, task, made, { evaluations = { 1 } })
    assert.same({ name = "W2", field = print, x0 = task.noise }, asked)
    assert.same({ "eval", "average" }, said)
    made.field, asked = nil, nil
    parts.quality_by_evaluations(run, task, made, { evaluations = { 1 } })
    assert.is_nil(asked)
    assert.equal(2, #said)
    for _, method in ipairs { {}, { evaluations = { 1, 2 } } } do
      asked = nil
      parts.quality_by_evaluations(run, task, made, method)
      local x, n = asked.sample(4)
      assert.same({ "W2", task.noise, 4, fm.rng(5, "draws"):normal(1):item(), 4 }, { asked.name, x[1], x[2], x[3], n })
    end
    function made.evaluations(n) return n + 10 end
    parts.quality_by_evaluations(run, task, made, {})
    local x, n = asked.sample(4)
    assert.same({ 14, 14 }, { x[2], n })
  end)

  --- The mean of ln(1 + exp(x)) of a list.
  local function softplus(list)
    local sum = 0
    for _, value in ipairs(list) do sum = sum + math.log(1 + math.exp(value)) / #list end
    return sum
  end

  it("train a generator against a critic, each by the logistic loss, and the critic with its penalty", function()
    for _, penalty in ipairs { false, true } do
      local said, stills, shape = {}, 0, penalty and { 1, 2 } or { 2 }
      local x1 <const> = fm.tensor { { 1, 2 }, { -1, 0.5 }, { 0, 3 } }:reshape(3, table.unpack(shape))
      local task <const> = task_of(shape, nil, said)
      function task.still() -- the generator x * 0.5, the critic (x - 1, 3 y + 2)
        stills = stills + 1
        local first <const> = stills == 1
        return function(x) return first and x * 0.5 or x * fm.tensor { 1, 3 } + fm.tensor { -1, 2 } end
      end
      local method <const> = parts.adversarial({ points = 2 }, { 0.25, 0.5 }, penalty)
      assert.same({ { points = 2 }, { 1 } }, { method.cost, method.evaluations })
      local made <const> = method.make(task)
      assert.same({ { 0.25, 0.5 }, { "net", "critic" } }, { made.net.options.betas, said })
      local rng <const> = fm.rng(9)
      local function critic(x)
        local list = {}
        for i, row in ipairs(x:reshape(3, 2):totable()) do list[i] = (row[1] - 1 + 3 * row[2] + 2) / 2 end
        return list
      end
      local function minus(list)
        for i, value in ipairs(list) do list[i] = -value end
        return list
      end
      local wanted = softplus(critic(rng:normal(3, 2) * 1.5)) + softplus(minus(critic(x1)))
      if penalty then
        local sum = 0
        for _, row in ipairs(rng:normal(3, 2):totable()) do sum = sum + ((row[1] + 3 * row[2]) / 2) ^ 2 / 3 end
        wanted = wanted + 0.02 / 2 * sum -- 0.01 for each of two numbers
      end
      wanted = wanted + softplus(minus(critic(rng:normal(3, 2) * 1.5)))
      assert.near(wanted, fm.tensor(made.step(x1)):item(), 1e-5)
      assert.same({ "net", "critic", "critic step", "net step", "critic cleared" }, said)
      checks.near(x1 * 1.5, made.sample(x1))
    end
  end)

  it("train a denoiser on the levels of noise of EDM, all with a loss of one size at first", function()
    local said, times = {}, nil
    local task <const> = task_of({ 2 }, function()
      return function(x, t)
        times = t
        return x * 0
      end
    end, said)
    local made, denoiser = parts.karras(task)
    assert.near(1, fm.tensor(made.step(fm.rng(1):normal(20000, 2))):item(), 0.03)
    local sigma <const> = ((1 - times) / times):log()
    assert.near(-1.2, sigma:mean():item(), 0.05)
    assert.near(1.2, sigma:std():item(), 0.03)
    checks.near(fm.tensor { { 0.25 / (0.25 ^ 2 + 0.75 ^ 2), 1 } }, denoiser(fm.ones(1, 2) * fm.tensor { 1, 2.5 }, 0.25))
    assert.same({ "net", "net step" }, said)
  end)

  it("train a map between two times, and draw by so many steps of it", function()
    local net <const>, said, options = fm.nn.vector_field { dim = 2, hidden = 4, times = 2 }, {}, nil
    local rng <const> = fm.rng(2)
    for _, w in ipairs(net:parameters()) do w:copy(rng:normal(w:shape()) * 0.5) end
    local method <const> = parts.map("meanflow", { points = 3 })
    assert.same({ { points = 3 }, { 1, 2, 4, 8, 16 } }, { method.cost, method.evaluations })
    local made <const> = method.make(task_of({ 2 }, function(o)
      options = o
      return net
    end, said))
    assert.same({ times = 2 }, options)
    local x1 <const>, z <const> = rng:normal(6, 2), rng:normal(5, 2)
    assert.near(fm.tensor(flow.map_loss("meanflow", net, x1, { rng = fm.rng(9) })):item(), fm.tensor(made.step(x1)):item(), 1e-9)
    assert.same({ "net", "net step" }, said)
    for _, n in ipairs { 1, 4 } do checks.same((flow.map_sample(net, z, { steps = n })), made.sample(z, n)) end
  end)

  it("train a predictor of noise, and draw on n indices with noise or without, within a bound", function()
    local function net(x, k) return x * 0.25 + k:reshape(-1, 1) / 1000 end
    for _, case in ipairs { { "cosine", 1, { 2 }, 3 }, { "linear", 0, { 1, 1, 2 }, 1 } } do
      local name, eta, shape, bound = table.unpack(case)
      local said, at = {}, nil
      local task <const> = task_of(shape, function()
        return function(x, k)
          at = fm.is_tensor(k) and k or fm.full(#x, k)
          return net(x:reshape(#x, 2), at):reshape(x:shape())
        end
      end, said)
      local made <const>, schedule <const> = parts.noise_predictor(task, name, eta), diffusion.schedule(name)
      local x1 <const>, z <const> = fm.rng(1):normal(50, table.unpack(shape)), fm.rng(2):normal(40, table.unpack(shape)) * 2
      local wanted <const> = diffusion.loss(made.net.model, x1, { schedule = schedule, rng = fm.rng(9) })
      assert.near(fm.tensor(wanted):item(), fm.tensor(made.step(x1)):item(), 1e-9)
      assert.same({ "net", "net step" }, said)
      for _, n in ipairs { 1, 5 } do
        checks.same((diffusion.sample(made.net.model, z, { method = "ddim", schedule = schedule, steps = n, eta = eta, clip = bound, rng = fm.rng(4) })),
          made.sample(z, n, fm.rng(4)))
      end
      assert.truthy(at:max():item() <= 1000)
      assert.near(bound, made.sample(z, 1, fm.rng(4)):abs():max():item(), 0.02) -- the data that one step implies
    end
  end)
end)
