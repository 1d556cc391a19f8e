-- Rooms: things found by the name of their file, the message for a name that does not exist, and
-- the values of an option that chooses by name.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local by_name <const> = require "fm.parts.by_name"

local nn <const>, flow <const>, ode <const>, optim <const> = fm.nn, fm.flow, fm.ode, fm.optim

local function raises(text, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok, text)
  assert.truthy(message:find(text, 1, true), message .. "\n   expected: " .. text)
end

local function field(t, name) return t[name] end

local x <const> = fm.ones(2, 2)

local function loss(o)
  o.rng = fm.rng(1)
  return flow.loss(function(y) return y end, x, o)
end

local function solve(o) return ode.solve(function(y) return y end, x, o) end

--- A file beside the script, until it is closed; its name is in `of`.
local function beside(text)
  local path, former = os.tmpname(), package.path
  local folder, name = path:match "^(.*/)(.*)$"
  local file = assert(io.open(path .. ".lua", "w"))
  file:write(text)
  file:close()
  package.path = folder .. "?.lua;" .. former
  return setmetatable({ of = name }, { __close = function()
    os.remove(path)
    os.remove(path .. ".lua")
    package.path, package.loaded[name] = former, nil
  end })
end

describe("rooms", function()
  checks.no_bytes_stay(before_each, after_each)

  it("hold the files of their folder and the rooms in it; what these share cannot be named", function()
    for _, name in ipairs { "linear", "step", "cosine" } do assert.equal(optim.schedule[name], optim[name]) end
    assert.equal(nn.activation.silu, nn.silu)
    assert.equal(flow.exact, require "fm.flow.exact")
    assert.equal(fm.gradcheck, require "fm.gradcheck")
    assert.equal(fm.flow, require "fm.flow")
    assert.equal(require "fm.ode.rk4", ode.rk4)
    for _, name in ipairs { "run", "cli", "sweep", "report", "records", "parts", "meta", "core", "init", "typo" } do
      raises(('fm has no "%s"'):format(name), field, fm, name)
    end
    assert.equal("fm.flow.exact: empirical gaussian mixture", tostring(flow.exact)) -- whether they were used or not
    local _ = fm.metrics.c2st -- used: it is named once all the same
    raises('fm.metrics has no "xxxxxxxxxxxx" (one of: assignment, c2st, class_accuracy,', function() return fm.metrics.xxxxxxxxxxxx end)
    for _, room in ipairs(by_name.rooms()) do
      local t = fm
      for name in room:gmatch "%.([%w_]+)" do t = t[name] end
      for _, name in ipairs { "parts", "init" } do raises(('%s has no "%s"'):format(room, name), field, t, name) end
      raises(room .. ' has no "parts.options"', field, t, "parts.options")
      assert.is_nil(t[1])
      assert.is_nil(t[true])
    end
    assert.is_nil(fm[1])
  end)

  it("say whether fm has an op without an error: rawget", function()
    assert.equal("function", type(rawget(fm, "relu")))
    assert.is_nil(rawget(fm, "no_such_op"))
  end)

  it("name the nearest of a name that is not there", function()
    local lists <const> = {
      { fm, "fm", { plto = "plot", flw = "flow", relue = "relu", gradchek = "gradcheck", tensr = "tensor", experimnt = "experiment" } },
      { fm.plot, "fm.plot", { scater = "scatter", curv = "curve", densty = "density" } },
      { nn, "fm.nn", { liner = "linear", siluu = "silu", activaton = "activation", moduel = "module", sed = "seed", vector_feild = "vector_field" } },
      { nn.activation, "fm.nn.activation", { geluu = "gelu" } },
      { fm.data, "fm.data", { moon = "moons", batchs = "batches", shapes = "shapes32" } },
      { flow, "fm.flow", { exat = "exact", los = "loss", copling = "coupling", tiem = "time" } },
      { flow.path, "fm.flow.path", { lipmann = "lipman" } },
      { flow.coupling, "fm.flow.coupling", { independant = "independent" } },
      { flow.time, "fm.flow.time", { uniforn = "uniform" } },
      { flow.prediction, "fm.flow.prediction", { velocty = "velocity" } },
      { flow.guidance, "fm.flow.guidance", { cgf = "cfg", cfg_zero_sta = "cfg_zero_star" } },
      { flow.exact, "fm.flow.exact", { mixtur = "mixture" } },
      { ode, "fm.ode", { slove = "solve", dopri = "dopri5" } },
      { fm.sde, "fm.sde", { huen = "heun", sovle = "solve" } },
      { optim, "fm.optim", { adamm = "adam", cosin = "cosine", em = "ema" } },
      { optim.schedule, "fm.optim.schedule", { cosin = "cosine" } },
      { fm.metrics, "fm.metrics", { wasserstein = "wasserstein1", pcaa = "pca" } },
      { fm.npy, "fm.npy", { laod = "load" } }, { fm.png, "fm.png", { sav = "save" } }, { fm.json, "fm.json", { encod = "encode" } },
      { fm.skip, "fm.skip", { declar = "declare" } },
    }
    for _, list in ipairs(lists) do
      for wrong, right in pairs(list[3]) do
        raises(('%s has no "%s"; did you mean "%s"?'):format(list[2], wrong, right), field, list[1], wrong)
      end
      raises(list[2] .. ' has no "xxxxxxxxxxxxxxxx"', field, list[1], "xxxxxxxxxxxxxxxx")
    end
  end)

  it("name the nearest of a name that an option does not know, and of its options", function()
    raises('path: unknown path "linaer"; did you mean "linear"?', flow.path, "linaer")
    raises('coupling: unknown coupling "to"; did you mean "ot"?', flow.coupling, "to")
    raises('ode.solve: there is no method "rk5", here or beside the script; did you mean "rk4"?', solve, { method = "rk5" })
    raises("(there are: ab2, ab3, ab4,", solve, { method = "xxxxxxxxx" })
    raises('loss: time: unknown name "uniforn"; did you mean "uniform"?', loss, { time = "uniforn" })
    raises('loss: time: unknown name "xxxxxxxx" (one of: cosmap, grid, logit_normal, power, stratified, u_shaped, uniform)', loss, { time = "xxxxxxxx" })
    raises('time logit_normal: unknown option "meen"; did you mean "mean"?', loss, { time = { "logit_normal", meen = 1 } })
    raises("time logit_normal: std: expected a number in 0..1000, found -1", loss, { time = { "logit_normal", std = -1 } })
    raises('time uniform: unknown option "std" (there is none)', loss, { time = { "uniform", std = 1 } })
    raises('path poly: unknown option "power" (one of: n)', flow.path, { "poly", power = 2 })
    raises('path: unknown path "condot" (one of: cosine, encoding_decoding, geodesic, i_cfm,', flow.path, "condot")
    raises('time: unknown name "stratifed"; did you mean "stratified"?', flow.time, "stratifed")
    raises('loss: predict: unknown name "velocty"; did you mean "velocity"?', loss, { predict = "velocty" })
    raises('loss: predict: data: unknown option "of"', loss, { predict = { "data", of = 1 } })
    raises('velocity: predict: unknown name "nois"; did you mean "noise"?', flow.velocity, loss, { predict = "nois" })
    raises('linear: act: unknown name "siluu"; did you mean "silu"?', nn.linear, 2, 2, { act = "siluu" })
    raises('mlp: act: unknown name "rel"; did you mean "relu"?', nn.mlp, { inputs = 1, outputs = 1, act = "rel" })
    raises("silu: unexpected argument 1, a table: it takes 0", nn.linear, 2, 2, { act = { "silu", slope = 1 } })
    raises('adam: lr: unknown name "cosin"; did you mean "cosine"?', optim.adam, { fm.parameter(x) }, { lr = { "cosin", steps = 3 } })
    raises('cosine: unknown option "stepps"; did you mean "steps"?', optim.adam, { fm.parameter(x) }, { lr = { "cosine", stepps = 3 } })
  end)

  it("say what an option takes that is of another kind", function()
    raises("loss: time: expected a name or a function of rng and n, found 3", loss, { time = 3 })
    raises("loss: time: expected a name or a function of rng and n, found a table", loss, { time = {} })
    raises("loss: time returned a nil, expected a tensor [2]", loss, { time = function() end })
    raises("loss: time: t: expected numbers in 0..1, found 2 .. 2", loss, { time = function(_, n) return fm.full(n, 2) end })
    raises("loss: predict: expected a name or a table { target = , velocity = }, found a function", loss, { predict = print })
    raises("velocity: predict: this prediction has no function velocity(p, x, a, s, da, ds, guard)", flow.velocity, loss, { predict = { target = print } })
    raises("time: unexpected options: they go with a name", flow.time, print, {})
    raises("time: unexpected argument 3, a number", flow.time, "uniform", nil, 3)
    raises("linear: act: expected a name or a layer, found 3", nn.linear, 2, 2, { act = 3 })
    raises("adam: lr: expected a number >= 0 or a schedule, found \"cosine\"", optim.adam, { fm.parameter(x) }, { lr = "cosine" })
  end)
end)

describe("things that an option chooses by name", function()
  checks.no_bytes_stay(before_each, after_each)

  it("are made from a name, a name with options, or as such a thing: time samplers", function()
    local function times(what) return flow.time(what)(fm.rng(3), 1000) end
    assert.same(fm.rng(3):uniform(1000):totable(), times "uniform":totable())
    assert.same(times "logit_normal":totable(), times { "logit_normal", mean = 0, std = 1 }:totable())
    assert.same(fm.rng(3):normal(1000):sigmoid():totable(), times "logit_normal":totable())
    assert.truthy(times { "logit_normal", mean = 2 }:mean():item() > 0.8)
    assert.truthy(times { "logit_normal", mean = -2, std = 0.1 }:max():item() < 0.2)
    assert.same(fm.full(3, 0.5):totable(), flow.time { "logit_normal", std = 0 }(fm.rng(3), 3):totable())
    assert.truthy(times { "logit_normal", mean = 1000 }:max():item() < 1)
    local sorted = times "stratified":totable()
    table.sort(sorted)
    for i, t in ipairs(sorted) do assert.truthy(t >= (i - 1) / 1000 - 1e-6 and t <= i / 1000 + 1e-6) end
    local mine = function(_, n) return fm.zeros(n) end
    assert.equal(mine, flow.time(mine))
    assert.same(loss { time = mine }:item(), loss { t = fm.zeros(2) }:item())
  end)

  it("predictions: a table of a script is one, and may be what a model's velocity comes from", function()
    assert.equal(flow.prediction.data, flow.prediction "data")
    local doubled = { target = function(_, x1) return x1 * 2 end, velocity = function(p, y, a, s, da, ds, guard)
      return flow.prediction.data.velocity(p / 2, y, a, s, da, ds, guard)
    end }
    local function model(y) return y * 0 + 3 end
    assert.near((3 - 2) ^ 2, flow.loss(model, x, { rng = fm.rng(1), predict = doubled }):item(), 1e-6)
    local v, w = flow.velocity(model, { predict = doubled })(x, 0.25), flow.velocity(function(y) return y * 0 + 1.5 end, { predict = "data" })(x, 0.25)
    assert.same(w:totable(), v:totable())
  end)

  it("penalties and weights: by name, with options, beside the script, or as such a thing", function()
    assert.equal(flow.penalty.mse, flow.penalty "mse")
    assert.equal(flow.weight.snr, flow.weight "snr")
    assert.near(0.5 * 2 - 0.125, flow.penalty { "huber", delta = 0.5 }.each(fm.tensor { -2 }):item(), 1e-6)
    assert.equal(2, flow.weight { "min_snr", gamma = 2 }.weight(1, 0.5, 1, 0.05))
    local penalty <close> = beside 'return function(o) return function(d) return d * d * (o and o.factor or 1) end end'
    local plain = loss {}:item()
    assert.near(plain, loss { loss = penalty.of }:item(), 1e-6)
    assert.near(plain * 3, loss { loss = { penalty.of, factor = 3 } }:item(), 1e-5)
    local weight <close> = beside 'return function(o) return { of = "velocity", weight = function() return o and o.w or 1 end } end'
    assert.near(plain, loss { weight = weight.of }:item(), 1e-6)
    assert.near(plain * 2, loss { weight = { weight.of, w = 2 } }:item(), 1e-5)
    raises('penalty: unknown name "hubr"; did you mean "huber"?', flow.penalty, "hubr")
    raises('fm.flow.weight has no "edn"; did you mean "edm"?', field, flow.weight, "edn")
    raises('loss: weight: unknown name "xxxxxxxx" (one of: edm, likelihood, min_snr, snr, velocity)', loss, { weight = "xxxxxxxx" })
    raises('loss: loss: unknown name "xxxxxxxx" (one of: huber, mse, pseudo_huber)', loss, { loss = "xxxxxxxx" })
    raises('loss: weight: of: unknown name "dta"; did you mean "data"?', loss, { weight = { of = "dta", weight = function() return 1 end } })
  end)

  it("metrics: a file beside the script that is none says so", function()
    for _, text in ipairs { "return 3", "return {}", 'return { of = "mean", samples = 2 }' } do
      local metric <close> = beside(text)
      raises(("metric %s: expected a function of two samples, or a table { of = }, found "):format(metric.of),
        function() return fm.metrics[metric.of](x, x) end)
    end
    local metric <close> = beside "return { of = function(a, b) return (a - b):sum():item() end, samples = 2 }"
    assert.equal(0.0, fm.metrics[metric.of](x, x))
    assert.equal(0.0, fm.metrics[metric.of].floor(x, x))
  end)

  it("are looked for once, not in every step, beside the script too", function()
    local time <close> = beside 'return function() return function(rng, n) return rng:uniform(n) end end'
    local o = { time = time.of, predict = "data", coupling = "ot", path = "cosine" }
    local first = loss(o)
    local searchpath, load_file, opened = package.searchpath, loadfile, 0
    finally(function() package.searchpath, _G.loadfile = searchpath, load_file end)
    package.searchpath = function(...)
      opened = opened + 1
      return searchpath(...)
    end
    _G.loadfile = function(...)
      opened = opened + 1
      return load_file(...)
    end
    assert.equal(first:item(), loss(o):item())
    assert.equal(0, opened)
    o.time = { time.of }
    loss(o)
    o.time = { "logit_normal", std = 2 }
    loss(o)
    loss(o)
    assert.truthy(opened <= 1) -- logit_normal, once
  end)

  it("schedules", function()
    local w = { fm.parameter(x) }
    assert.equal(optim.cosine { steps = 10, lr = 2 } (5), optim.sgd(w, { lr = optim.schedule { "cosine", steps = 10, lr = 2 } }).lr(5))
    assert.equal(2, optim.sgd(w, { lr = { "cosine", steps = 10, lr = 2 } }):rate())
    local opt = optim.adam(w)
    opt.lr = { "linear", steps = 2, lr = 4 }
    assert.equal(4, opt:rate())
  end)
end)

describe("an activation", function()
  checks.no_bytes_stay(before_each, after_each)
  local input <const> = fm.rng(5):normal(3, 4)

  local function layer_of(act)
    nn.seed(1)
    return nn.linear(4, 2, { act = act })
  end

  it("is a name, a layer or a function, in the same pass where it is an op of fm's: the same bits", function()
    for _, name in ipairs(by_name.names "fm.nn.activation") do
      local plain = layer_of "none"(input)
      local want = name == "none" and plain or fm[name](plain)
      assert.same(want:totable(), layer_of(name)(input):totable(), name)
      assert.same(want:totable(), layer_of(nn[name]())(input):totable(), name)
      assert.equal(name, layer_of(nn[name]()).act)
      assert.same(want:totable(), nn.sequential { layer_of "none", nn[name]() }(input):totable(), name)
      assert.same(want:totable(), nn.sequential { layer_of(name) }(input):totable(), name)
    end
    assert.same(layer_of "silu"(input):totable(), layer_of(fm.silu)(input):totable())
    assert.same(nn.mlp { inputs = 4, outputs = 2, act = "none" }:count(), nn.mlp { inputs = 4, outputs = 2, act = fm.sin }:count())
    assert.equal(2, #nn.mlp { inputs = 4, hidden = {}, outputs = 2, act = "relu" }:parameters())
  end)

  it("that is no op has its parameters in the layer, one of its own for each layer of an mlp", function()
    local made = 0
    local function prelu()
      made = made + 1
      local slope = fm.parameter(fm.full(1, 0.25))
      return nn.module({ { "slope", slope } }, function(_, y) return y:relu() - (-y):relu() * slope end)
    end
    local one = layer_of(prelu())
    assert.equal(3, #one:parameters())
    assert.truthy(one:state()["act.slope"])
    local y = layer_of "none"(input)
    assert.same((y:relu() - (-y):relu() * 0.25):totable(), one(input):totable())
    _G.prelu_of_spec, made = prelu, 0
    local name <close> = beside "return prelu_of_spec"
    local net = nn.mlp { inputs = 4, hidden = { 3, 3, 3 }, outputs = 2, act = name.of }
    assert.equal(3, made)
    assert.equal(8 + 3, #net:parameters())
    _G.prelu_of_spec = nil
  end)
end)

describe("sequential", function()
  checks.no_bytes_stay(before_each, after_each)
  local input <const> = fm.rng(5):normal(3, 4)

  it("joins what says that it can be joined, once, and nothing else", function()
    local calls = {}
    local function counting(name, same_as_op)
      return setmetatable({ same_as_op = same_as_op, parameters = function() return {} end }, { __call = function(_, y)
        calls[#calls + 1] = name
        return fm[name](y)
      end })
    end
    local net = nn.sequential { nn.linear(4, 2), counting("silu", "silu"), counting("relu", "relu") }
    net(input)
    assert.same({ "relu" }, calls) -- the first is in the linear layer's pass, which takes one
    calls = {}
    nn.sequential { nn.linear(4, 2), counting("silu"), nn.linear(2, 2, { act = "relu" }), counting("silu", "silu"), nn.linear(2, 2),
      counting("sin", "sin") }(input)
    assert.same({ "silu", "silu", "sin" }, calls) -- says nothing; has an activation; is no op that linear takes
    calls = {}
    nn.sequential { counting("silu", "silu") }(input)
    assert.same({ "silu" }, calls)
  end)

  it("asks a layer of the script's own to join", function()
    local asked = {}
    local scale = setmetatable({ parameters = function() return {} end, fuse = function(_, op)
      asked[#asked + 1] = op
      if op == "relu" then return function(y) return (y * 2):relu() end end
    end }, { __call = function(_, y) return y * 2 end })
    assert.same((input * 2):relu():totable(), nn.sequential { scale, nn.relu() }(input):totable())
    assert.same({ "none", "relu" }, asked)
    assert.same((input * 2):tanh():totable(), nn.sequential { scale, nn.tanh() }(input):totable())
    assert.same((input * 2):totable(), nn.sequential { scale }(input):totable())
    assert.same((input * 2):totable(), nn.sequential { scale, nn.none() }(input):totable())
  end)

  it("reads a layer's numbers in each call, and goes on with those that are set", function()
    local linear = nn.linear(4, 2)
    local net = nn.sequential { linear, nn.relu() }
    linear.weight:fill(0)
    linear.bias:fill(3)
    assert.same(fm.full(3, 2, 3):totable(), net(input):totable())
  end)
end)
