-- Arguments of the rooms for numbers that are refused, by message, where no other spec shows it.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local diffusion <const>, discrete <const>, flow <const>, nn <const>, ode <const>, optim <const>, sde <const> =
  fm.diffusion, fm.discrete, fm.flow, fm.nn, fm.ode, fm.optim, fm.sde

local refused <const>, says <const> = checks.raises_text, checks.says
local rng <const> = fm.rng(1)
local x <const>, none <const> = rng:normal(4, 2), fm.zeros(0, 2)
local function zero(a) return a * 0 end
local function rising(t) return t end
local function falling(t) return 1 - t end
local own_source <const> = { a = rising, s = falling, source = function(shape, r) return r:normal(shape) end }

describe("it is refused", function()
  checks.no_bytes_stay(before_each, after_each)

  it("to give a path, a coupling or a schedule options that have no place to go", function()
    for _, path in ipairs { flow.path "linear", { a = rising, s = falling } } do
      refused("path: unexpected options: they go with the name of a path", flow.path, path, { sigma = 1 })
    end
    refused("coupling: unexpected options: they go with the name of a coupling", flow.coupling, function(a, b) return a, b end, { reg = 1 })
    refused("schedule: options twice: in the table with the name, and beside it", diffusion.schedule, { "linear", steps = 9 }, { steps = 9 })
  end)

  it("to take a path for what it is not", function()
    refused("path one_sided: line: it has a source of its own, and x0 is to be normal", flow.path, "one_sided", { line = own_source })
    refused("path vp: beta_min and beta_max are both 0: there is no noise", flow.path, "vp", { beta_min = 0, beta_max = 0 })
    local mask <const> = fm.ones(4, 2)
    refused("inpaint: path: s(0) is 0: it does not start at its source", flow.inpaint, zero, x, mask, { x0 = x, path = { a = rising, s = zero } })
    refused("inpaint: resample: this path has a source of its own: what is put back is normal noise", flow.inpaint, zero, x, mask,
      { x0 = x, path = own_source, resample = 2, rng = rng })
  end)

  it("to draw from nothing", function()
    refused("pairs: target has no rows", flow.pairs, nil, none, { size = 2 })
    refused("pairs: source: the tensor has no rows", flow.pairs, none, x, { size = 2 })
    refused("coupling semidiscrete: data has no rows", flow.coupling, "semidiscrete", { data = none, rng = rng })
    local couple <const> = flow.coupling("semidiscrete", { data = x, rng = rng, steps = 1 })
    couple:fit()
    refused("coupling semidiscrete: gradient: x0 has no rows", couple.gradient, couple, none)
    refused("coupling conditional_ot: ratio: expected a share of all pairs > 0, found 0", flow.coupling, "conditional_ot", { ratio = 0 })
    refused("discrete.loss: x1 has no tokens", discrete.loss, zero, fm.zeros(2, 0), { path = discrete.path { vocabulary = 3 }, rng = rng })
    refused("weights: expected 2 numbers, not all 0", flow.exact.mixture, { means = { { 0 }, { 1 } }, std = 1, weights = { 0, 0 } })
  end)

  it("to give what is not read", function()
    for name, value in pairs { rng = rng, dim = 2, path = "linear" } do
      refused(("reflow: %s goes with x0 = n, the number of rows to draw"):format(name), flow.reflow, zero, { x0 = x, [name] = value })
    end
    for name, value in pairs { rng = rng, probes = 2 } do
      refused("sliced_score_matching: rng and probes draw directions: leave them out when v is given", flow.sliced_score_matching, zero, x,
        { v = x, [name] = value })
    end
    refused("sgd: nesterov needs a momentum", optim.sgd, nn.linear(1, 1), { nesterov = true })
  end)

  it("to give a thing of another kind", function()
    refused("pairs: rng: expected a random stream, found 3", flow.pairs, nil, x, { size = 2, rng = 3 })
    refused("manifold: uniform: call it with a colon, on a manifold", fm.manifold.sphere(2).uniform, 3, rng)
    refused("sequential: expected a list of layers, found a field a", nn.sequential, { a = nn.linear(1, 1) })
    refused("sequential: expected a list of layers, found a field 1", nn.sequential, { nn.linear(1, 1), ["1"] = nn.linear(1, 1) })
    local adam <const> = optim.adam(nn.linear(1, 1))
    refused("load_state: expected a state, found 3", adam.load_state, adam, 3)
    refused("sde.solve: drift: expected a function of x and t, found nil", sde.solve, { diffusion = 1 }, x, { rng = rng })
    refused("ode.solve: max_step: expected a number above 0", ode.solve, zero, x, { method = "rk45", max_step = 0 })
  end)

  it("to give a list with a hole: what lies behind it would be left out without a word", function()
    local says <const> = "expected a list without holes or names, found a field 3"
    local w <const>, cloud <const> = fm.parameter(fm.ones(2)), rng:normal(3, 2)
    local function still() return 1 end
    for name, call in pairs {
      ["gradcheck: inputs"] = function() fm.gradcheck(function(a) return a end, { w, nil, w }) end,
      mean_over_seeds = function() fm.mean_over_seeds { 1, nil, 3 } end,
      ["mlp: hidden"] = function() nn.mlp { inputs = 1, hidden = { 2, nil, 3 }, outputs = 1 } end,
      module = function() nn.module({ { "a", w }, nil, { "b", w } }, zero) end,
      ["ode.solve: events"] = function() ode.solve(zero, x, { events = { still, nil, still } }) end,
      ["loss_floor: t"] = function() flow.loss_floor(x, { t = { 0.1, nil, 0.9 } }) end,
      ["sliced_score_matching: v"] = function() flow.sliced_score_matching(zero, x, { v = { x, nil, x } }) end,
      ["pairs: with"] = function() flow.pairs(nil, x, { size = 2, rng = rng, with = { x, nil, x } }) end,
      ["characters: vocabulary"] = function() fm.data.characters("a\n", { vocabulary = { "a", nil, "\n" } }) end,
      ["mmd: bandwidths"] = function() fm.metrics.mmd(x, x, { bandwidths = { 1, nil, 2 } }) end,
      ["c2st: hidden"] = function() fm.metrics.c2st(x, x, { hidden = { 8, nil, 8 } }) end,
      ["plot.filmstrip"] = function() fm.plot.filmstrip { cloud, nil, cloud } end,
      ["plot.filmstrip: titles"] = function() fm.plot.filmstrip({ cloud, cloud, cloud }, { titles = { "a", nil, "b" } }) end,
      ["plot.scatter: labels"] = function() fm.plot.scatter(cloud, { labels = { "a", nil, "b", at = cloud } }) end,
      ["plot.rank_histogram: names"] = function() fm.plot.rank_histogram(fm.ones(4, 3), 3, { names = { "a", nil, "b" } }) end,
    } do refused(("%s: %s"):format(name, says), call) end
    refused("plot.curve: series 2 is missing, and there is a series 3", fm.plot.curve, { { 1, 2 }, nil, { 3, 4 } })
  end)

  it("to measure with what is no number", function()
    local w <const> = fm.parameter(fm.ones(2))
    for _, tolerance in ipairs { 0 / 0, -1 } do
      refused("gradcheck: tolerance: expected a number in 0..", fm.gradcheck, function(a) return a:sum() end, { w }, { tolerance = tolerance })
    end
    refused("mode_coverage: row 2 of centres is not finite", fm.metrics.mode_coverage, x, fm.tensor { { 0, 0 }, { 0, 0 / 0 } }, 1)
    assert.same({ 3, 0 }, fm.jacobian(function(a) return fm.ones(3) * (1 + a:sum()) end, fm.zeros(0)):shape()) -- but no number is one to differentiate by
  end)

  it("to flow between batches without numbers, or of another kind", function()
    says("check_pairs: x0 is [0, 2]: it has no numbers", flow.check_pairs, none, x)
    says("transport_plan: x0 is a tensor [0, 2], x1 is a tensor [4, 2]: expected at least one row of each", flow.transport_plan, none, x, { reg = 1 })
    says("pairs: with[1]: expected a tensor [N, ...], found 3", flow.pairs, nil, x, { size = 2, with = { 3 } })
    says("pairs: with[1]: expected a tensor [N, ...], found a tensor []", flow.pairs, nil, x, { size = 2, with = { fm.zeros() } })
    says("pairs: with: expected a tensor or a list of them, found 3", flow.pairs, nil, x, { size = 2, with = 3 })
    says("path one_sided: line: this path has no a(t) and s(t)", flow.path, "one_sided", { line = { "geodesic", manifold = fm.manifold.torus(2) } })
    says("coupling conditional_ot: distance: expected a function(c, c) -> [B, B], found 3", flow.coupling, "conditional_ot",
      { weight = 1, distance = 3 })
    local tokens <const> = fm.ones(4, 2)
    says("discrete.loss: give t or time, not both: time says how times are drawn", discrete.loss, zero, tokens,
      { path = discrete.path { vocabulary = 3 }, rng = rng, t = 0.5, time = "uniform" })
    says("map_loss: alpha goes with the name of a kind", flow.map_loss, function() end, zero, x, { rng = rng, alpha = 1 })
  end)

  it("to take labels that are not those of x0, or none at all", function()
    local couple <const> = flow.coupling("semidiscrete", { data = x, labels = fm.tensor { 1, 1, 2, 2 }, rng = rng, steps = 2 })
    couple:fit()
    local says_of <const> = "coupling semidiscrete: cond is a %s: expected labels [4]"
    says(says_of:format "tensor [3]", couple.gradient, couple, x, fm.ones(3))
    says(says_of:format "tensor [4, 1]", couple.gradient, couple, x, fm.ones(4, 1))
    says(says_of:format "number", couple.gradient, couple, x, 3)
    says("coupling semidiscrete: lr: expected a number in 0..1e+30, found -1", flow.coupling, "semidiscrete", { data = x, rng = rng, lr = -1 })
  end)

  it("to find something else in a file beside the script than was asked for", function()
    local folder <const>, former = os.tmpname(), package.path
    os.remove(folder)
    assert(fm.file.mkdir_new(folder))
    fm.file.write(folder .. "/no_function.lua", "return 3")
    fm.file.write(folder .. "/no_coupling.lua", "return function() return 3 end")
    package.path = folder .. "/?.lua;" .. former
    says("coupling no_function: expected a function of its options, found number", flow.coupling, "no_function")
    says("coupling no_coupling: expected a function of x0 and x1, found number", flow.coupling, "no_coupling")
    says("path no_function: expected a table { a = , s = }, found number", flow.path, "no_function")
    says("path no_coupling: expected a table { a = , s = }, found number", flow.path, "no_coupling")
    says("ode: no_function: expected a tableau or a step function, found a number", ode.solve, zero, x, { method = "no_function" })
    package.path, package.loaded.no_function, package.loaded.no_coupling = former, nil, nil
    os.execute("rm -r " .. folder)
    says("ode: method: step: expected a function", ode.solve, zero, x, { method = { step = 3 } })
    says("path: dgamma: expected a function of t, found 3", flow.path, { a = rising, s = falling, gamma = zero, dgamma = 3 })
  end)

  it("to read a file that is broken beside others", function()
    local folder <const> = os.tmpname()
    os.remove(folder)
    assert(fm.file.mkdir_new(folder))
    fm.file.write(folder .. "/a.png", "no picture")
    local none_found, message = fm.data.png_folder(folder)
    assert.is_nil(none_found)
    assert.truthy(message:find(folder .. "/a.png: ", 1, true), message)
    fm.file.write(folder .. "/train-images-idx3-ubyte", "\0\0\8\3\0\0\0\1\0\0\0\2\0\0\0\2" .. "abcd")
    fm.file.write(folder .. "/train-labels-idx1-ubyte", "\0\0\8")
    none_found, message = fm.data.mnist(folder)
    assert.is_nil(none_found)
    assert.truthy(message:find(folder .. "/train-labels-idx1-ubyte: ", 1, true), message)
    os.execute("rm -r " .. folder)
  end)

  it("to take a column for the numbers of a Gaussian", function()
    assert.same({ 1, 3 }, flow.exact.gaussian { mean = fm.zeros(1, 3) }:map(fm.zeros(1, 3)):shape())
    for _, name in ipairs { "mean", "std" } do
      says(("exact.gaussian: %s is [3, 1], expected one number or a row of them"):format(name), flow.exact.gaussian, { [name] = fm.ones(3, 1) })
    end
  end)

  it("to declare what an experiment has not", function()
    local function of(more)
      more.name, more.run, more.params = "x", zero, { lr = 0.5 }
      return function() return fm.experiment(more) end
    end
    says('experiment: preset quick: unknown key "lrr"; did you mean "lr"?', of { presets = { quick = { lrr = 1 } } })
    says('experiment: preset quick: lr: expected number, found x', of { presets = { quick = { lr = "x" } } })
  end)

  it("to count beyond what a list holds, or a float", function()
    says("augment: a picture of a tensor [1, 1, 4097, 4096] has more than 16777216 numbers", fm.data.augment, fm.zeros(1, 1, 4097, 4096), { rng = rng })
    says("schedule: 1000001 steps are over the limit 1000000", diffusion.schedule, fm.full({ 1000001 }, 1e-4))
  end)

  it("to end with Tweedie's formula before the end of a flow", function()
    refused('sde.solve: last = "tweedie" ends at t = 1, and t1 is 0.5', sde.solve, zero, x, { w = 1, rng = rng, t1 = 0.5, last = "tweedie", steps = 2 })
  end)
end)
