-- Every public call with arguments that work: name as in the reference -> function. Campaigns run
-- them while memory fails or the collector is eager, and take their arguments as good ones to
-- spoil.
--   public(folder [, run]) -> list of { name =, call = f() } in order; names of the reference that
--     have none
local fm <const> = require "fm"
local reference <const> = require "fm.cli.reference"

local nn, flow, ode, sde, optim, data, metrics, plot = fm.nn, fm.flow, fm.ode, fm.sde, fm.optim, fm.data, fm.metrics, fm.plot

local function ops(calls)
  local spec = dofile "tests/lua/ops_spec.lua"
  for name, sample in pairs(spec.samples) do
    calls["fm.Tensor:" .. name] = function()
      local inputs, tangents = {}, {}
      for i, x in ipairs(sample[1]) do
        local fixed = (sample.fixed or {})[i]
        inputs[i], tangents[i] = fixed and x or fm.parameter(x), fixed and 0 or 1
      end
      local tape <close> = fm.record()
      local y, dy = fm.jvp(function(...) return spec.call(name, { ... }, sample[2]) end, inputs, tangents)
      if not sample.constant then (spec.call(name, inputs, sample[2]) + dy):sum():backward() end
      return y
    end
  end
end

local function tensors(calls)
  local T = function(name, f) calls["fm.Tensor:" .. name] = f end
  local x = fm.rng(1):normal(4, 3)
  calls["fm.tensor"] = function() return fm.tensor { { 1, 2 }, { 3, 4 } }, fm.tensor({ 1, 2, 3, 4 }, 2, 2), fm.tensor(3), fm.tensor(x) end
  calls["fm.zeros"] = function() return fm.zeros(2, 3), fm.zeros { 2 } end
  calls["fm.ones"] = function() return fm.ones(2, 3) end
  calls["fm.full"] = function() return fm.full({ 2, 3 }, 4), fm.full(2, 3, 4) end
  calls["fm.range"] = function() return fm.range(1, 9, 2) end
  calls["fm.linspace"] = function() return fm.linspace(0, 1, 5) end
  calls["fm.eye"] = function() return fm.eye(3) end
  calls["fm.parameter"] = function() return fm.parameter(x) end
  calls["fm.is_tensor"] = function() return fm.is_tensor(x), fm.is_tensor "x" end
  calls["fm.ops"] = function() return fm.ops() end
  calls["fm.live_bytes"] = function() return fm.live_bytes() end
  calls["fm.memory_limit"] = function() return fm.memory_limit() end
  T("shape", function() return x:shape() end)
  T("size", function() return x:size(-1) end)
  T("rank", function() return x:rank() end)
  T("count", function() return x:count() end)
  T("item", function() return x:sum():item() end)
  T("totable", function() return x:totable() end)
  T("clone", function() return x:clone() end)
  T("detach", function() return x:detach() end)
  T("fill", function() return fm.zeros(3):fill(2) end)
  T("copy", function() return fm.zeros(4, 3):copy(x) end)
  T("index", function()
    local y = x:clone()
    y[1], y[2], y[{ 3, 4 }] = y[2], 7, x[{ 1, 2 }]
    return y[1][2], y[{ 1, 2 }], #y, tostring(y), y + 1 - y * 2 / (y + 9) ^ 2, -y
  end)
  T("slices", function()
    local y = x:clone()
    y[{ {}, 2 }], y[{ {1, 4, 2}, {-1, 1, -1} }], y[{ 2, {} }] = 7, y[{ {2, 3} }], y[{ 3, {} }]
    return y[{ {2, 3}, {2, 3} }], y[{ {}, 1 }], y[{ -1, {1, 3, 2} }]
  end)
  T("sort", function() return fm.parameter(x):sort { axis = 1 }, x:sort() end)
  T("grad", function()
    local w = fm.parameter(x)
    local tape <close> = fm.record()
    w:square():sum():backward()
    return w:grad()
  end)
  T("zero_grad", function() return fm.parameter(x):zero_grad() end)
  T("backward", function()
    local w = fm.parameter(x)
    local tape <close> = fm.record()
    w:square():backward(x)
    return w:grad():clone()
  end)
  T("is_parameter", function() return x:is_parameter() end)
  calls["fm.record"] = function()
    local w = fm.parameter(x)
    local tape <close> = fm.record(w)
    return fm.is_recording(), (w * 2):detach()
  end
  calls["fm.scope"] = function()
    local scope <close> = fm.scope()
    return (x * 2):detach()
  end
  calls["fm.custom"] = function()
    local twice = fm.custom { forward = function(a, b) return a * 2 + b, { a, b } end, backward = function(_, dy) return dy * 2, dy end }
    local w = fm.parameter(x)
    local tape <close> = fm.record()
    twice(w, w * 3):sum():backward()
    return w:grad():clone()
  end
  calls["fm.jvp"] = function()
    local w = fm.parameter(x[{ 1, 3 }])
    local tape <close> = fm.record()
    local function along(f, tangents) return function(...) return select(2, fm.jvp(f, { ... }, tangents)) end end
    local function f(u, t)
      local all = fm.cat({ u, u * t, x, u, u:slice { axis = 1 } }, { axis = 1 })
      return all:linear(w, { act = "silu" }):attention(all, all, { causal = true }):layer_norm():max(2)
    end
    along(along(f, { x, 1 }), { x, 1 })(x, 0.5):sum():backward()
  end
  calls["fm.jacobian"] = function() return fm.jacobian(function(u) return u:square() end, x[1]) end
  calls["fm.level"] = function()
    local level <close> = fm.level()
    return level:tangent(level:carry(x, x) * 2)
  end
  calls["fm.gradcheck"] = function() return fm.gradcheck(function(w) return w:tanh() end, { fm.parameter(x[{ 1, 1 }]) }) end
end

local function streams(calls)
  calls["fm.rng"] = function() return fm.rng(3, "name") end
  local R = function(name, f) calls["fm.Rng:" .. name] = function() return f(fm.rng(3)) end end
  R("normal", function(r) return r:normal(3, 2), r:normal() end)
  R("uniform", function(r) return r:uniform(3, 2), r:uniform({ 3 }, { low = -1, high = 2 }) end)
  R("integers", function(r) return r:integers(5, 1, 3), r:integers(5, 3) end)
  R("permutation", function(r) return r:permutation(7) end)
  R("number", function(r) return r:number() end)
  R("stream", function(r) return r:stream "x":stream "y":normal(2) end)
  R("at", function(r) return r:at(4, 2):normal(2) end)
  R("step", function(r) return r:step() end)
  R("own", function(r) return r:own "x":normal(2), r:own "x":normal(2) end)
  R("own_clock", function(r) return r:own_clock(), r:stream "x":own_clock() end)
  R("calls", function(r) return r:calls() end)
end

local function layers(calls)
  local N = function(name, f) calls["fm.nn." .. name] = f end
  local x = fm.rng(2):normal(4, 6)
  N("linear", function() return nn.linear(6, 2, { act = "silu" })(x) end)
  N("embedding", function() return nn.embedding(5, 3)(fm.tensor { 1, 5, 2 }) end)
  N("layer_norm", function() return nn.layer_norm(6)(x) end)
  N("rms_norm", function() return nn.rms_norm(6)(x) end)
  N("standardise", function() return nn.standardise(x)(x), nn.standardise(6)(x) end)
  calls["fm.Standardise:inverse"] = function() return nn.standardise(x):inverse(x) end
  calls["fm.Standardise:log_det"] = function() return nn.standardise(x):log_det() end
  N("dropout", function() return nn.dropout(0.5)(x) end)
  N("sequential", function() return nn.sequential { nn.linear(6, 3), nn.silu(), nn.linear(3, 1) }(x) end)
  N("mlp", function() return nn.mlp { inputs = 6, hidden = { 4 }, outputs = 2 }(x) end)
  N("residual", function() return nn.residual(nn.linear(6, 6))(x) end)
  N("time_embedding", function()
    local t = fm.linspace(0, 1, 3)
    return nn.time_embedding(8)(t), nn.time_embedding(4, { kind = "fourier" })(t)
  end)
  N("vector_field", function() return nn.vector_field { dim = 6, hidden = 4, time_embed = 2 }(x, 0.5) end)
  local pictures = fm.rng(2):normal(2, 1, 4, 4)
  N("group_norm", function() return nn.group_norm(2, 6)(x) end)
  N("conv2d", function() return nn.conv2d(1, 2, 3, { stride = 2, padding = 1, act = "relu" })(pictures) end)
  N("avg_pool2d", function() return nn.avg_pool2d(2)(pictures) end)
  N("upsample", function() return nn.upsample(2)(pictures) end)
  N("attention", function() return nn.attention { dim = 4, heads = 2, causal = true }(pictures[1]) end)
  N("unet", function()
    return nn.unet { channels = 1, width = 4, multipliers = { 1, 2 }, blocks = 1, attention = { 2 }, size = 4, heads = 2, classes = 2, dropout = 0.1 }(
      pictures, 0.5, 2)
  end)
  N("transformer", function()
    return nn.transformer { inputs = 4, length = 4, dim = 4, heads = 2, layers = 1, classes = 2, causal = true, times = 2 }(pictures[1], 0.2, 0.5, 1)
  end)
  N("dit", function() return nn.dit { channels = 1, size = 4, patch = 2, dim = 4, heads = 2, layers = 1, classes = 2 }(pictures, 0.5, 1) end)
  N("module", function() return nn.module({}, function(_, v) return v end)(x) end)
  N("seed", function() return nn.seed(fm.rng(1)) end)
  for _, act in ipairs(require "fm.parts.by_name".names "fm.nn.activation") do N(act, function() return nn[act]()(x) end) end
  N("activation", function() return nn.activation "silu"(x), nn.linear(6, 2, { act = fm.sin })(x) end)
  local M = function(name, f) calls["fm.Module:" .. name] = function() return f(nn.mlp { inputs = 6, hidden = { 4 }, outputs = 2 }) end end
  M("parameters", function(m) return m:parameters() end)
  M("state", function(m) return m:state() end)
  M("load_state", function(m) return m:load_state(m:state()) end)
  M("train", function(m) return m:train() end)
  M("eval", function(m) return m:eval() end)
  M("count", function(m) return m:count() end)
end

local function velocity(x, t)
  return x * (type(t) == "number" and t or 0.5) - 1
end

local function by_cond(x, _, cond) return x + cond end

local function flows(calls)
  local F = function(name, f) calls["fm.flow." .. name] = f end
  local x, t, rng = fm.rng(3):normal(4, 2), fm.linspace(0.1, 0.9, 4), fm.rng(4)
  F("path", function()
    local y = { flow.path { a = function(s) return s ^ 2 end, s = function(s) return 1 - s end }:sample(x, x, t) }
    for _, name in ipairs { "linear", "vp", "cosine", "ve", "lipman", "poly", "linear_vp" } do y[#y + 1] = flow.path(name):sample(x, x, t) end
    for _, name in ipairs { "i_cfm", "schrodinger_bridge" } do y[#y + 1] = flow.path(name):sample(x, x, t, x) end
    return y
  end)
  calls["fm.Path:sample"] = function() return flow.path "vp":sample(x, x, 0.3) end
  calls["fm.Path:coefficients"] = function() return flow.path "vp":coefficients(t) end
  calls["fm.Path:source"] = function() return flow.path "vp":source(3, 2, rng) end
  calls["fm.Path:source_log_prob"] = function() return flow.path "vp":source_log_prob(x) end
  F("time", function() return flow.time "stratified"(rng, 4), flow.time { "logit_normal", mean = 1, std = 2 }(rng, 4) end)
  F("prediction", function() return flow.prediction "data".velocity(x, x, 0.5, 0.5, 1, -1, 0.05), flow.prediction "score".target(x, x, x, 0.5) end)
  F("gamma", function() return flow.gamma "sqrt".gamma(0.3), flow.path { "interpolant", gamma = { "sigmoid", scale = 0.5 } }:sample(x, x, t, x) end)
  F("convert", function() return flow.convert(x, "velocity", "score", x, t), flow.convert(x, "noise", "data", x, 0.5, "vp") end)
  F("reschedule", function() return flow.reschedule(velocity, "linear", "vp")(x, 0.4), flow.reschedule(velocity, "cosine", "poly")(x, t) end)
  F("penalty", function() return flow.penalty { "huber", delta = 2 }.each(x), flow.penalty "pseudo_huber".each(x) end)
  F("weight", function() return flow.weight "snr" end)
  F("guidance", function()
    local options = { cond = fm.ones(4, 2), null = fm.zeros(4, 2), scale = 2, kind = "cfg_zero_star", interval = { 0, 0.5 } }
    return flow.guidance(by_cond, options)(x, t)
  end)
  F("inpaint", function() return flow.inpaint(velocity, x, fm.tensor { 1, 0 }, { rng = rng, steps = 3, resample = 2 }) end)
  F("coupling", function()
    local labels = fm.tensor { 1, 2, 1, 2 }
    return flow.coupling "ot"(x, x + 1), flow.coupling { "sinkhorn", reg = 1, iterations = 9, rng = rng }(x, x + 1, labels),
      flow.coupling "conditional_ot"(x, x + 1, labels), flow.coupling { "conditional_ot", ratio = 0.5 }(x, x + 1, x)
  end)
  calls["fm.Coupling:partners"] = function() return flow.coupling "ot":partners(x, x + 1) end
  local function semidiscrete() return flow.coupling { "semidiscrete", data = x, rng = rng, steps = 3, batch = 8 } end
  calls["fm.Coupling:fit"] = function()
    local couple = semidiscrete()
    return couple:fit(), couple(x)
  end
  calls["fm.Coupling:gradient"] = function() return semidiscrete():gradient(x) end
  F("transport_plan", function() return flow.transport_plan(x, x + 1, { reg = 0.5, iterations = 9 }) end)
  F("pairs", function()
    local pairs_of = flow.pairs(nil, x, { size = 2, ot_size = 4, coupling = "ot", cond = fm.ones(4), with = { x }, rng = rng })
    return pairs_of(), pairs_of()
  end)
  F("loss", function()
    local model = nn.vector_field { dim = 2, hidden = 4, time_embed = 2 }
    local opt = optim.adam(model)
    local options = { rng = rng, coupling = "ot", time = "logit_normal", weight = function(s) return s end }
    return opt:step(function() return flow.loss(model, x, options) end)
  end)
  local function column(at) return type(at) == "number" and at or at:reshape(-1, 1) end
  local function two_times(y, from, to) return y * 0.5 + column(from) - column(to) end
  F("map_loss", function()
    local looks = function(rows)
      local y, v = rows:with_velocity(rows.s)
      return rows:u(rows:at(rows.t), rows.s, rows.t) + rows:over(rows.t), v - rows:guide(y, rows.s, rows.t)
    end
    local value = flow.map_loss("consistency", velocity, x, { rng = rng }) + flow.map_loss(looks, two_times, x, { rng = rng })
    for _, kind in ipairs { "lsd", "psd", "shortcut", "meanflow", "improved_meanflow", "alpha" } do
      value = value + flow.map_loss(kind, two_times, x, { rng = rng, time = "stratified", power = 0.5 })
    end
    return value
  end)
  for _, name in ipairs { "at", "with_velocity", "u", "guide", "over" } do calls["fm.MapRows:" .. name] = calls["fm.flow.map_loss"] end
  F("drift_loss", function() return flow.drift_loss(function(y) return y * 2 end, x, { rng = rng, tau = 1 }) end)
  F("map", function() return flow.map(two_times)(x, t * 0.5, t) end)
  F("map_sample", function() return flow.map_sample(two_times, x, { times = { 0, 0.5, 1 } }), flow.map_sample(velocity, x, { steps = 2 }) end)
  F("velocity", function() return flow.velocity(velocity, { predict = "data" })(x, 0.4) end)
  F("score", function() return flow.score(velocity)(x, 0.4) end)
  F("posterior", function() return flow.posterior(velocity)(x, 0.4) end)
  F("encode", function() return flow.encode(velocity, x) end)
  F("decode", function() return flow.decode(velocity, x) end)
  F("log_prob", function()
    local w = fm.parameter(x)
    local tape <close> = fm.record()
    flow.log_prob(velocity, w, { method = "rk4", steps = 2 }):sum():backward()
    return flow.log_prob(velocity, x, { divergence = "hutchinson", probes = 2, rng = rng, rtol = 1e-2, gradient = false })
  end)
  F("sliced_score_matching", function()
    return flow.sliced_score_matching(fm.tanh, x, { rng = rng }), flow.sliced_score_matching(fm.tanh, x, { v = { x, x * 2 }, kind = "plain" })
  end)
  F("straightness", function() return flow.straightness(velocity, x, { steps = 3 }) end)
  F("path_energy", function() return flow.path_energy(velocity, x, { method = "dopri5", control = "sample", rtol = 1e-2 }) end)
  F("normalized_path_energy", function() return flow.normalized_path_energy(velocity, x, 1, { steps = 3 }) end)
  F("reflow", function() return flow.reflow(velocity, { x0 = 5, dim = 2, rng = rng, block = 2, rtol = 1e-2 }) end)
  F("check_pairs", function() return flow.check_pairs(x, x, { rng = rng }), flow.check_pairs(x, x, { model = velocity, rows = 2, rtol = 1e-2 }) end)
  F("bits_per_dimension", function() return flow.bits_per_dimension(velocity, fm.full({ 3, 2 }, 0.5), { bins = 3, rng = rng, rtol = 1e-2 }) end)
  F("dequantise", function() return flow.dequantise(fm.full({ 3, 2 }, 0.5), { bins = 3, rng = rng }) end)
  F("exact.gaussian", function()
    local e = flow.exact.gaussian { mean = { 1, 2 }, std = 0.5 }
    return e(x, 0.5), e:score(x, 0.5), e:log_prob(x), e:sample(3, rng), e:map(x), e:inverse(x)
  end)
  F("exact.mixture", function() return flow.exact.mixture { means = { { 1, 2 }, { 3, 4 } }, std = 0.5, weights = { 1, 3 } }(x, t) end)
  F("exact.empirical", function()
    local e = flow.exact.empirical { points = { { 1, 2 }, { 3, 4 } } }
    return e(x, t), e:score(x, 0.5), e:mean(x, 0.5), e:posterior(x, 1)
  end)
  F("loss_floor", function() return flow.loss_floor(x, { draws = 5 }), flow.loss_floor(x, { draws = 5, subset = 2, t = { 0.3 }, rng = rng }) end)
  calls["fm.ode.solve"] = function()
    local w = fm.parameter(x)
    local tape <close> = fm.record()
    local y, info = ode.solve(velocity, w, { method = "rk4", steps = 3, save = 2, memory = "segments" })
    y:sum():backward()
    return info, ode.solve(velocity, x, { control = "sample", gradient = false }),
      ode.solve(velocity, x, { events = { function(z) return z[1][1] + 0.2 end }, gradient = false, save = "steps" })
  end
  calls["fm.sde.solve"] = function()
    return sde.solve(velocity, x, { w = 0.1, rng = rng, steps = 3 }),
      sde.solve({ drift = velocity, diffusion = 0.3 }, x, { rng = rng, steps = 3, method = "heun" })
  end
end

local function optimizers(calls)
  local O = function(name, f) calls["fm.optim." .. name] = f end
  local function problem(make, options)
    local w = fm.parameter(fm.ones(3))
    local opt = make({ w }, options)
    opt:step(function() return w:square():sum() end, { clip = 0.5 })
    return opt, w
  end
  for name, options in pairs { adam = { betas = { 0.8, 0.9 } }, adamw = { lr = optim.cosine { steps = 3 } },
    sgd = { lr = 0.1, momentum = 0.9, nesterov = true } } do
    O(name, function() return problem(optim[name], options) end)
  end
  O("ema", function()
    local _, w = problem(optim.sgd, {})
    local ema = optim.ema({ w }, { decay = 0.5, warmup = true })
    ema:update()
    return ema:swap(function() return w:clone() end), ema:state(), ema:load_state(ema:state())
  end)
  O("cosine", function() return optim.cosine { steps = 10, warmup = 2 }(3) end)
  O("linear", function() return optim.linear { steps = 10, warmup = 2 }(3) end)
  O("schedule", function() return optim.schedule { "linear", steps = 10 }(3) end)
  O("step", function() return optim.step { every = 2 }(3) end)
  local A = function(name, f) calls["fm.Average:" .. name] = function() return f(optim.ema({ fm.parameter(fm.ones(3)) }, { decay = 0.5 })) end end
  A("update", function(average) return average:update() end)
  A("swap", function(average) return average:swap(function() return 1 end) end)
  A("state", function(average) return average:state() end)
  A("load_state", function(average) return average:load_state(average:state()) end)
  local P = function(name, f) calls["fm.Optimizer:" .. name] = function() return f(problem(optim.adam, {})) end end
  P("step", function(opt, w) return opt:step(function() return w:exp():sum() end) end)
  P("gradient", function(opt, w)
    opt:step(function() return w:exp():sum() end, { before_update = function() opt:gradient() end })
  end)
  P("rate", function(opt) return opt:rate() end)
  P("zero_grad", function(opt) return opt:zero_grad() end)
  P("state", function(opt) return opt:state() end)
  P("load_state", function(opt) return opt:load_state(opt:state()) end)
end

local function datasets(calls, folder)
  local D = function(name, f) calls["fm.data." .. name] = f end
  local x = fm.rng(5):normal(6, 2)
  D("csv", function()
    assert(fm.file.write(folder .. "/t.csv", "a,b,c\n1,2,x\n3,4,y\n5,,x\n"))
    return data.csv(folder .. "/t.csv", { columns = { "b", 1 }, categories = { "c" }, missing = "skip" }), data.csv(folder .. "/t.csv")
  end)
  D("characters", function() return data.characters("ab\n", { vocabulary = { "a", "b", "\n" } }) end)
  D("bytes", function() return data.bytes "ab\n" end)
  D("windows", function() return data.windows(fm.range(1, 9), 2, { size = 2, rng = fm.rng(1) })() end)
  D("batches", function()
    local n = 0
    for a, b in data.batches(x, 4, { rng = fm.rng(1), labels = fm.range(1, 6) }) do n = n + #a + #b end
    return n
  end)
  for _, name in ipairs { "moons", "eight_gaussians", "checkerboard", "two_spirals", "pinwheel", "swiss_roll", "circles", "rings", "s_curve",
    "gaussians", "shapes32" } do
    D(name, function() return data[name] { n = 5, rng = fm.rng(2) } end)
  end
  calls["fm.skip.declare"] = function() return fm.skip.declare(function() return x end, function() end)() end
  D("npy", function()
    assert(fm.npy.save(folder .. "/x.npy", x))
    return data.npy(folder .. "/x.npy"), data.npy(folder .. "/none.npy")
  end)
  for _, name in ipairs { "idx", "cifar10", "vectors", "text" } do
    D(name, function()
      assert(fm.file.write(folder .. "/" .. name, "the 1 2\nother 3 4\n"))
      return data[name](folder .. "/" .. name)
    end)
  end
  D("png_folder", function()
    fm.file.mkdir_new(folder .. "/png")
    assert(fm.png.save(folder .. "/png/a.png", fm.full({ 3, 3 }, 0.5)))
    return data.png_folder(folder .. "/png")
  end)
  for _, name in ipairs { "mnist", "fashion_mnist" } do
    D(name, function()
      assert(fm.file.write(folder .. "/train-images-idx3-ubyte", string.pack(">I4I4I4I4BBBB", 0x803, 1, 2, 2, 0, 1, 2, 255)))
      assert(fm.file.write(folder .. "/train-labels-idx1-ubyte", string.pack(">I4I4B", 0x801, 1, 9)))
      return data[name] { folder = folder, size = 4 }, data[name] { folder = folder, split = "test" }
    end)
  end
  D("labelled_pictures", function()
    local load = data.labelled_pictures
    assert(fm.file.write(folder .. "/t10k-images-idx3-ubyte", string.pack(">I4I4I4I4BB", 0x803, 2, 1, 1, 0, 255)))
    assert(fm.file.write(folder .. "/t10k-labels-idx1-ubyte", string.pack(">I4I4BB", 0x801, 2, 9, 0)))
    return load { name = "mnist", folder = folder, split = "test", held_out = 1 }, load { name = "fashion_mnist", folder = folder }
  end)
  D("augment", function() return data.augment(x:reshape(2, 1, 2, 3), { flip = true, shift = 1, rng = fm.rng(1) }) end)
  D("cooccurrence", function() return data.cooccurrence { { "a", "b", "a" }, { "b", "a" } } end)
end

local function measures(calls)
  local a, b = fm.rng(6):normal(5, 2), fm.rng(7):normal(5, 2)
  for _, name in ipairs { "wasserstein1", "wasserstein2", "sliced_wasserstein2", "mmd", "energy_distance", "frechet_distance", "kid" } do
    calls["fm.metrics." .. name] = function() return metrics[name](a, b), metrics[name].floor(a, b) end
  end
  calls["fm.metrics.memorisation"] = function() return metrics.memorisation(a, b, a), metrics.memorisation.floor(a, b, { held_out = b, draws = 2 }) end
  for _, name in ipairs { "precision_recall", "density_coverage" } do
    calls["fm.metrics." .. name] = function() return metrics[name](a, b, { k = 2 }), metrics[name].floor(a, b, { k = 2, draws = 2 }) end
  end
  local x = fm.rng(8):uniform(2, 1, 28, 28) * 2 - 1
  calls["fm.metrics.features"] = function() return metrics.features("mnist", { range = { -1, 1 } })(x) end
  calls["fm.PictureFeatures:labels"] = function() return metrics.features "mnist":labels(x) end
  calls["fm.metrics.class_accuracy"] = function() return metrics.class_accuracy(x, fm.ones(2), "mnist") end
  local many, pairs_of = fm.rng(9):normal(10, 2), function(y) return y * 2 end
  calls["fm.metrics.picture_quality"] = function() return metrics.picture_quality(many[{ 1, 5 }], many, { features = pairs_of, draws = 2 }) end
  calls["fm.metrics.c2st"] = function() return metrics.c2st(a, b, { folds = 2, steps = 1, hidden = { 3 }, batch = 4 }) end
  calls["fm.metrics.mode_coverage"] = function() return metrics.mode_coverage(a, b, 1), metrics.mode_coverage.floor(a, b, { radius = 1, draws = 2 }) end
  calls["fm.metrics.nearest"] = function() return metrics.nearest(a, b) end
  calls["fm.metrics.interval"] = function() return metrics.interval("mmd", a, b, { draws = 2 }) end
  calls["fm.metrics.assignment"] = function() return metrics.assignment(fm.rng(8):uniform(4, 4)) end
  local draws = fm.rng(8):normal(5, 3, 2)
  calls["fm.metrics.ranks"] = function() return metrics.ranks(draws, draws[{ {}, 1 }]) end
  calls["fm.metrics.coverage"] = function() return metrics.coverage(fm.tensor { { 0 }, { 3 }, { 1 } }, 3) end
  calls["fm.mean_over_seeds"] = function() return fm.mean_over_seeds { 1, 2, 4 } end
  calls["fm.metrics.pca"] = function() return metrics.pca(a, 2) end
end

local function diffusions(calls)
  local diffusion, rng = fm.diffusion, fm.rng(11)
  local schedule, x = diffusion.schedule("linear", { steps = 4, scale = true }), rng:normal(3, 2)
  local function model(y, t) return y * 0.5 + (type(t) == "number" and t or t:reshape(-1, 1)) end
  calls["fm.diffusion.schedule"] = function() return diffusion.schedule("cosine", { steps = 4 }) end
  calls["fm.diffusion.loss"] = function() return diffusion.loss(model, x, { schedule = schedule, rng = rng }) end
  calls["fm.diffusion.sample"] = function()
    return diffusion.sample(model, x, { schedule = schedule, rng = rng }), diffusion.sample(model, x, { schedule = schedule, method = "ddim", steps = 2 }),
      diffusion.sample(model, x, { schedule = schedule, method = "edm_heun", steps = 2 })
  end
end

local function manifolds(calls)
  local m, rng = fm.manifold.sphere(3), fm.rng(12)
  local x, y = m:uniform(4, rng), m:uniform(4, rng)
  calls["fm.manifold.sphere"] = function()
    return fm.ode.solve(function(z) return z * 0 + 1 end, x, { manifold = fm.manifold.sphere(3), method = "rk4", steps = 2 })
  end
  calls["fm.manifold.torus"] = function()
    local torus = fm.manifold.torus(2)
    return flow.loss(function(z) return z end, torus:uniform(3, rng), { rng = rng, path = { "geodesic", manifold = torus } })
  end
  for _, name in ipairs { "tangent", "exp", "log", "distance" } do
    calls["fm.Manifold:" .. name] = function() return m[name](m, x, name == "exp" and m:tangent(x, y) or y) end
  end
  calls["fm.Manifold:project"] = function() return m:project(x * 2) end
  calls["fm.Manifold:uniform"] = function() return m:uniform(3, rng) end
  calls["fm.Manifold:log_uniform"] = function() return m:log_uniform(x) end
end

local function tokens(calls)
  local discrete, rng = fm.discrete, fm.rng(13)
  local path, x = discrete.path { vocabulary = 3 }, fm.tensor { { 1, 2 }, { 3, 1 } }
  local function model(xt) return fm.one_hot(xt, { n = 4 }):slice { axis = 3, first = 1, last = 3 } end
  calls["fm.discrete.source"] = function() return discrete.source "uniform" end
  calls["fm.discrete.path"] = function() return discrete.path { vocabulary = 3, source = "uniform", power = 2 } end
  calls["fm.discrete.loss"] = function() return discrete.loss(model, x, { path = path, rng = rng }) end
  calls["fm.discrete.sample"] = function() return discrete.sample(model, { path = path, n = 2, length = 2, steps = 3, rng = rng }) end
  calls["fm.discrete.inpaint"] = function()
    return discrete.inpaint(model, x, fm.tensor { 1, 0 }, { path = path, steps = 3, corrections = 1, rng = rng })
  end
  calls["fm.discrete.guidance"] = function() return discrete.guidance(model, { cond = fm.ones(2), scale = 2 })(x, 0.5) end
  calls["fm.discrete.posterior"] = function() return discrete.posterior(model, { path = { vocabulary = 3, source = "uniform" } })(x, 0.5) end
  calls["fm.discrete.draw"] = function() return discrete.draw(model(x), { rng = rng }) end
  calls["fm.discrete.bits"] = function() return discrete.bits(model, x, { path = path, rng = rng }) end
  calls["fm.DiscretePath:kept"] = function() return path:kept(0.5) end
  calls["fm.DiscretePath:start"] = function() return path:start(2, 3, rng) end
  calls["fm.DiscretePath:sample"] = function() return path:sample(x, 0.5, rng) end
end

local function pictures(calls, folder)
  local P = function(name, f) calls["fm.plot." .. name] = f end
  local x = fm.rng(9):normal(20, 2)
  P("scatter", function() return plot.scatter(x, { reference = x, size = 100, labels = { "a", "b" } }) end)
  P("density", function() return plot.density(x, { size = 100, cells = 5 }) end)
  P("densities", function() return plot.densities({ x, x }, { limits = { -2, 2, -2, 2 }, size = 100, cells = 5, difference = true }) end)
  P("trajectories", function() return plot.trajectories(x:reshape(2, 10, 2), { size = 100 }) end)
  P("filmstrip", function() return plot.filmstrip(x:reshape(2, 10, 2), { size = 100 }) end)
  P("quiver", function() return plot.quiver(x, x, { size = 100 }) end)
  P("image_grid", function() return plot.image_grid(fm.rng(9):uniform(4, 9), { channels = 1, height = 3, width = 3, labels = { 1, 2, 3, 4 } }) end)
  P("globe", function() return plot.globe(function(p) return p:sum(2) end, { reference = fm.ones(2, 3), size = 120, cells = 6, middle = 30 }) end)
  P("torus", function() return plot.torus(x, { reference = x, size = 100 }) end)
  P("rank_histogram", function() return plot.rank_histogram(fm.tensor { { 0 }, { 3 }, { 1 } }, 3, { size = 100 }) end)
  P("curve", function() return plot.curve({ loss = { 3, 2, 1 } }, { log = "y", width = 200, height = 150 }) end)
  calls["fm.Picture:save"] = function()
    local picture = plot.scatter(x, { size = 100 })
    return assert(picture:save(folder .. "/p.png")), assert(picture:save(folder .. "/p.svg"))
  end
end

local function files(calls, folder)
  local x = fm.rng(10):normal(3, 2)
  calls["fm.save"] = function() return assert(fm.save(folder .. "/s.safetensors", { x = x, y = x[1] }, { note = "n" })) end
  calls["fm.load"] = function()
    assert(fm.save(folder .. "/s.safetensors", { x = x, y = x[1] }, { note = "n" }))
    return assert(fm.load(folder .. "/s.safetensors"))
  end
  calls["fm.npy"] = function() return fm.npy.save(folder .. "/y.npy", x), fm.npy.load(folder .. "/y.npy") end
  calls["fm.png"] = function() return fm.png.save(folder .. "/y.png", x:sigmoid()), fm.png.load(folder .. "/y.png") end
  calls["fm.idx"] = function() return fm.idx.load(folder .. "/none") end
  calls["fm.cifar10"] = function() return fm.cifar10.load(folder .. "/none") end
  calls["fm.vectors"] = function()
    assert(fm.file.write(folder .. "/v.txt", "the 1 2\nother 3 4\n"))
    return assert(fm.vectors.load(folder .. "/v.txt"))
  end
  calls["fm.json"] = function()
    local text = fm.json.encode({ a = { 1, 2, { b = "c\n" } }, d = fm.json.array {}, e = fm.json.null, f = 0.1 }, { indent = 2 })
    return text, fm.json.decode(text)
  end
  calls["fm.file"] = function()
    local f, path = fm.file, folder .. "/f.txt"
    return f.write(path, "one\n"), f.append(path, "two\n"), f.sync(path), f.cut(path, 4), f.read(path), f.has_room(folder, 10), f.hash "x",
      f.hash_file(path), f.mkdir_new(folder .. "/d"), f.on_read(nil)
  end
  calls["fm.experiment"] = function()
    return fm.experiment { name = "x", params = { lr = { 0.1, "rate", min = 0 } }, run = function() end }
  end
end

return function(folder)
  local calls, list, missing = {}, {}, {}
  ops(calls)
  tensors(calls)
  streams(calls)
  layers(calls)
  flows(calls)
  optimizers(calls)
  datasets(calls, folder)
  measures(calls)
  diffusions(calls)
  manifolds(calls)
  tokens(calls)
  pictures(calls, folder)
  files(calls, folder)
  local file <close> = assert(io.open "lua/fm/meta/fm.lua")
  for _, entry in ipairs(reference.parse(file:read "a")) do
    local name = entry.name
    local elsewhere = entry.kind == "class" or name:find "^fm%.Run:" or name:find "^fm%.%l+$" or name == "fm.flow.exact"
    if not calls[name] and not elsewhere then missing[#missing + 1] = name end
  end
  for name, call in pairs(calls) do list[#list + 1] = { name = name, call = call } end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list, missing
end
