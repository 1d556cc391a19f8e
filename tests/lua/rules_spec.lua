-- Rules of optimizers, metrics and manifolds that a formula tells: which stream they draw from,
-- what counts at a limit.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local metrics <const>, nn <const>, optim <const> = fm.metrics, fm.nn, fm.optim

local refused <const> = checks.raises_text
local function same(x) return x end

describe("optimizers", function()
  checks.no_bytes_stay(setup, teardown)

  it("have schedules with defaults that are theirs", function()
    local step, cosine, linear = optim.step {}, optim.cosine { steps = 10 }, optim.linear { steps = 10 }
    for n, rate in pairs { [0] = 1e-3, [999] = 1e-3, [1000] = 1e-4, [2000] = 1e-5 } do assert.near(rate, step(n), 1e-12) end
    for n, rate in pairs { [0] = 1e-3, [5] = 5e-4, [10] = 0, [11] = 0 } do
      assert.near(rate, cosine(n), 1e-12)
      assert.near(rate, linear(n), 1e-12)
    end
  end)

  it("name numbers of a state by the model, the others by their place, each once", function()
    local p, q = fm.parameter(fm.ones(1)), fm.parameter(fm.zeros(2))
    local model = { parameters = function() return { p, q } end, state = function() return { ["2"] = p } end }
    local state = optim.sgd(model, { momentum = 0.5 }):state()
    assert.same({ { 1 }, { 2 } }, { state["velocity.2"]:shape(), state["velocity.2_"]:shape() })
    refused('sgd: the gradient of "2_" is infinite at step 1', function() optim.sgd(model):step(function() return q:sqrt():sum() + p:sum() end) end)
  end)

  it("take a parameter without numbers", function()
    local p, q = fm.parameter(fm.zeros(0, 3)), fm.parameter(fm.ones(2))
    local opt = optim.adam { p, q }
    opt:step(function() return q:sum() end)
    local state = opt:state()
    assert.same({ { 0, 3 }, { 2 }, {} }, { state["m.1"]:shape(), state["v.2"]:shape(), state.steps:shape() })
    opt:load_state(state)
    assert.equal(1, opt.steps_taken)
  end)

  it("take what fm.load returns: a state and something behind it", function()
    local w = fm.parameter(fm.ones(2))
    for _, thing in ipairs { optim.adam(w), optim.ema(w), nn.linear(1, 1) } do
      local state = thing:state()
      thing:load_state(state, { about = "it" })
      refused("load_state: unexpected argument ", thing.load_state, thing, state, {}, 3)
    end
  end)

  it("return whatever a closure returns that shares a batch with nobody", function()
    local w = fm.parameter(fm.ones(2))
    local opt = optim.sgd(w, { lr = 0 })
    local _, text, rest = opt:step(function(share) return (share(fm.ones(3, 2)) * w):mean(), "text", { 1 } end)
    assert.same({ "text", { 1 } }, { text, rest })
  end)

  it("keep the number of steps and the rate exactly", function()
    local number = require "fm.optim.parts.number"
    for _, value in ipairs { 0, 0.1, 1 / 3, 16777217, -1e-30, 2 ^ 52 + 1 } do assert.equal(value, number.from(number.to_tensor(value))) end
    assert.same({}, number.to_tensor(0.5):shape())
    assert.equal(7, number.from(7))
    assert.equal(3.5, number.from(fm.tensor { 1, 2.5 }))
    for _, value in ipairs { "7", {}, fm.zeros(1, 1), fm.zeros(0) } do assert.is_nil(number.from(value)) end
  end)
end)

describe("metrics", function()
  checks.no_bytes_stay(setup, teardown)
  local rng <const> = fm.rng(3, "rules_spec")
  local a <const>, b <const> = rng:normal(20, 3), rng:normal(20, 3) + 0.5

  it("sliced_wasserstein2 takes 100 unit directions of a stream of its own", function()
    local random = fm.rng(0, "sliced"):normal(3, 100)
    local unit = random / random:square():sum({ axis = 1, keep = true }):sqrt()
    assert.near(metrics.sliced_wasserstein2(a, b, { directions = unit }), metrics.sliced_wasserstein2(a, b), 1e-6)
  end)

  it("floors of one sample draw its rows, with replacement", function()
    local both = { metrics.memorisation.floor(a, b, { held_out = b * 2, draws = 2 }) }
    local drawn = a:index_select(fm.rng(0, "floor"):stream "draw 2":integers(20, 1, 20), 1)
    local share, ratio = metrics.memorisation(a, b, b * 2)
    local share2, ratio2 = metrics.memorisation(drawn, b, b * 2)
    assert.near((share + share2) / 2, both[1], 1e-9)
    assert.near((ratio + ratio2) / 2, both[2], 1e-6)
    assert.near(math.abs(share - share2) / math.sqrt(2), both[3], 1e-9)
    assert.near(math.abs(ratio - ratio2) / math.sqrt(2), both[4], 1e-6)
  end)

  it("pca takes rows of any rank, and tells the mean", function()
    local y, components, mean = metrics.pca(a:reshape(20, 3, 1), 2)
    checks.near(mean:reshape(-1), a:mean(1), 1e-5)
    checks.near(y, (a - a:mean(1)):matmul(components), 1e-4)
    assert.same({ { 20, 2 }, { 3, 2 } }, { y:shape(), components:shape() })
  end)

  it("interval cuts what a metric can be, and draws rows of one sample when it measures one", function()
    local values <const>, i = { 0.9, 0.2, 0.5, 0.8 }, 0 -- the value, then the draws: they move by 0.4
    local metric <const> = setmetatable({ floor = true, samples = 1, ranges = { { 0, 1 }, { 2, math.huge }, { -1, 0.1 } } }, { __call = function(_, x, y, o)
      i = i + 1
      assert.is_true(rawequal(y, nil) or y:shape()[1] == 4)
      assert.equal(o, nil)
      assert.same({ 20, 3 }, x:shape())
      return values[i], 2 * values[i], -values[i]
    end })
    local ends = { metrics.interval(metric, a, fm.ones(4, 3), { draws = 3, level = 0.5 }) }
    for k, wanted in ipairs { 0.75, 1, 2, 2.1, -1, -0.75 } do assert.near(wanted, ends[k], 1e-9) end
    local seen = {}
    metrics.interval(function(x, y)
      seen[#seen + 1] = { x:sum():item() == a:sum():item(), y:sum():item() == b:sum():item() }
      return 1
    end, a, b, { draws = 2 })
    assert.same({ { true, true }, { false, false }, { false, false } }, seen) -- first as they are
  end)

  it("mode_coverage: a row at the radius hits, one beyond does not; without a hit 0 and 0", function()
    local x, centres = fm.tensor { { 0 }, { 2 }, { 5 } }, fm.tensor { { 0 }, { 3 } }
    local function of(radius)
      local share, entropy, hits = metrics.mode_coverage(x, centres, radius)
      return { share, entropy, table.unpack(hits:totable()) }
    end
    local half = -(1 / 3 * math.log(1 / 3) + 2 / 3 * math.log(2 / 3))
    assert.same({ 1, 1, 2 }, { of(2)[1], of(2)[3], of(2)[4] })
    assert.near(half, of(2)[2], 1e-9)
    assert.same({ 1, 1, 1 }, { of(1.9)[1], of(1.9)[3], of(1.9)[4] })
    assert.near(math.log(2), of(1)[2], 1e-9)
    assert.same({ 0.5, 0, 1, 0 }, of(0.9))
    assert.same({ 0.5, 0, 1, 0 }, of { radius = 0 })
    local share, entropy, hits = metrics.mode_coverage(x + 100, centres, 1)
    assert.same({ 0, 0, { 0, 0 } }, { share, entropy, hits:totable() })
  end)

  it("picture_quality measures n rows of each in a fixed order, and its floors with the next n", function()
    local fake, real = rng:normal(7, 2), rng:normal(11, 2)
    local function network(x) return x end
    local found = metrics.picture_quality(fake, real, { features = network, draws = 2 })
    local order = fm.rng(0, "picture_quality")
    local f = fake:index_select(order:permutation(7)[{ 1, 5 }], 1)
    local second = order:permutation(11)
    local r, others = real:index_select(second[{ 1, 5 }], 1), real:index_select(second[{ 6, 10 }], 1)
    local precision, recall = metrics.precision_recall(f, r)
    local floors = { metrics.precision_recall.floor(others, r, { draws = 2 }) }
    local frechet, kid = { metrics.frechet_distance.floor(others, r, { draws = 2 }) }, { metrics.kid.floor(others, r, { draws = 2 }) }
    local wanted = { n = 5, frechet_distance = metrics.frechet_distance(f, r), kid = metrics.kid(f, r), precision = precision, recall = recall,
      precision_floor = floors[1], recall_floor = floors[2], precision_floor_deviation = floors[3], recall_floor_deviation = floors[4],
      frechet_distance_floor = frechet[1], frechet_distance_floor_deviation = frechet[2], kid_floor = kid[1], kid_floor_deviation = kid[2] }
    for name, value in pairs(wanted) do assert.near(value, found[name], 1e-9, name) end
    for name in pairs(found) do assert.truthy(wanted[name], name) end
    assert.equal(4, metrics.picture_quality(fake[{ 1, 4 }], real, { features = network, draws = 2 }).n)
    assert.equal(4, metrics.picture_quality(fake, real[{ 1, 8 }], { features = network, draws = 2 }).n)
    local function floor_of(draws) return metrics.picture_quality(fake, real, { features = network, draws = draws }).kid_floor end
    assert.equal(floor_of(10), floor_of(nil))
  end)

  it("c2st trains as it says: the same folds, network, batches and rates, by hand", function()
    local o = { rng = fm.rng(4, "c2st"), folds = 3, hidden = { 5 }, steps = 12, batch = 7, lr = 0.1 }
    local found = metrics.c2st(a, b[{ 1, 16 }], o)
    local stream, y = fm.rng(4, "c2st"), b[{ 1, 16 }]
    local function folds_of(x)
      local shuffled, list = x:index_select(stream:permutation(#x), 1), {}
      for k = 1, 3 do list[k] = shuffled[{ (k - 1) * #x // 3 + 1, k * #x // 3 }] end
      return list
    end
    local parts_a, parts_b = folds_of(a), folds_of(y)
    local right = { 0, 0 }
    for k = 1, 3 do
      local function rest(parts)
        local list = {}
        for i = 1, 3 do
          if i ~= k then list[#list + 1] = parts[i] end
        end
        return fm.cat(list, 1)
      end
      local train_a, train_b, w = rest(parts_a), rest(parts_b), {}
      for i, shape in ipairs { { 5, 3 }, { 5 }, { 2, 5 }, { 2 } } do
        local bound = 1 / math.sqrt(i <= 2 and 3 or 5)
        w[i] = fm.parameter((stream:uniform(shape) * 2 - 1) * bound)
      end
      local mean = (train_a:mean(1) + train_b:mean(1)) / 2
      local std = (((train_a - mean):square():mean(1) + (train_b - mean):square():mean(1)) / 2):sqrt()
      local function logits(x) return fm.linear(fm.silu(fm.linear(x, w[1], w[2])), w[3], w[4]) end
      local opt = optim.adam(w, { lr = optim.cosine { lr = 0.1, steps = 12 } })
      for _ = 1, 12 do
        local x = ((train_a:index_select(stream:integers(3, 1, #train_a), 1)) - mean) / std
        local z = ((train_b:index_select(stream:integers(3, 1, #train_b), 1)) - mean) / std
        opt:step(function() return logits(fm.cat(x, z, 1)):cross_entropy(fm.tensor { 1, 1, 1, 2, 2, 2 }) end)
      end
      for which, part in ipairs { parts_a[k], parts_b[k] } do
        for _, row in ipairs(logits((part - mean) / std):totable()) do
          if (row[1] > row[2]) == (which == 1) then right[which] = right[which] + 1 end
        end
      end
    end
    assert.near((right[1] / 20 + right[2] / 16) / 2, found, 1e-9)
    assert.is_true(found > 0.2 and found < 0.95)
    metrics.c2st(fm.cat(a, fm.ones(20, 1), 2), fm.cat(b, fm.ones(20, 1), 2), { steps = 2 }) -- a column that does not vary
  end)
end)

describe("manifolds", function()
  checks.no_bytes_stay(setup, teardown)
  local manifold <const> = fm.manifold

  it("let pass what is off by less than a thousandth", function()
    local sphere, p = manifold.sphere(2), fm.tensor { { 1, 0 } }
    for _, off in ipairs { 0.9e-3, -0.9e-3 } do sphere:log(p * (1 + off), p) end
    for _, off in ipairs { 1.1e-3, -1.1e-3 } do refused("sphere:log: x: a row is 0.0011 away", sphere.log, sphere, p * (1 + off), p) end
    sphere:exp(p, fm.tensor { { 0.9e-3, 0.5 } })
    sphere:exp(p, fm.tensor { { 0.9e-2, 10 } })
    refused("sphere:exp: v: a row is not tangent, by 0.0011", sphere.exp, sphere, p, fm.tensor { { 1.1e-3, 0.5 } })
    refused("sphere:exp: v: a row is not tangent, by 0.011", sphere.exp, sphere, p, fm.tensor { { 1.1e-2, 10 } })
    assert.same({ 0, 2 }, sphere:exp(fm.zeros(0, 2), fm.zeros(0, 2)):shape()) -- no rows at all
    assert.same({ 0, 2 }, sphere:project(fm.zeros(0, 2)):shape())
  end)

  it("know their volumes, and the density of even points", function()
    for dim, volume in pairs { [2] = 2 * math.pi, [3] = 4 * math.pi, [4] = 2 * math.pi ^ 2, [5] = 8 / 3 * math.pi ^ 2, [7] = 16 / 15 * math.pi ^ 3 } do
      local m = manifold.sphere(dim)
      assert.near(math.log(volume), m.log_volume, 1e-9)
      local x = m:uniform(3, fm.rng(1))
      assert.same({ { 3, dim }, { 3 } }, { x:shape(), m:log_uniform(x):shape() })
      assert.near(-math.log(volume), m:log_uniform(x)[2], 1e-5)
    end
    assert.near(3 * math.log(2 * math.pi), manifold.torus(3).log_volume, 1e-9)
    assert.near(0, (manifold.torus(3):uniform(4000, fm.rng(2)):abs():max():item() - math.pi), 0.01)
  end)

  it("are files that a script may write: what they must have", function()
    local maker = require("fm.manifold.parts.methods").maker
    local own = { log_volume = 0 }
    for _, name in ipairs { "project", "tangent", "exp", "log", "distance", "draw" } do own[name] = same end
    local function with(key, value)
      local copy = {}
      for name, f in pairs(own) do copy[name] = f end
      copy[key] = value
      return maker(function() return copy end, "mine")
    end
    local m = with("draw", function(n, stream) return stream:normal(n, 3) end)(3)
    assert.same({ "mine", 3, 0 }, { m.name, m.dim, m.log_volume })
    local far = fm.full({ 2, 3 }, 100)
    checks.same(m:project(far), far) -- neither off nor without_nearest
    assert.same({ 2, 3 }, m:uniform(2, fm.rng(1)):shape())
    for _, name in ipairs { "project", "tangent", "exp", "log", "distance", "draw" } do
      refused(("manifold mine: %s: expected a function, found 3"):format(name), with(name, 3), 3)
    end
    refused('manifold mine: log_volume: expected a number, found "0"', with("log_volume", "0"), 3)
    refused("manifold mine: the file's function returned 3, expected a table", maker(function() return 3 end, "mine"), 3)
    refused("manifold mine: expected a function of D, found 3", maker, 3, "mine")
    refused("manifold.mine: D: expected a whole number in 1..1048576, found 0", with("exp", same), 0)
  end)
end)

describe("what fm has beside its rooms", function()
  checks.no_bytes_stay(setup, teardown)

  it("mean_over_seeds: Student's interval of what is finite", function()
    local found = fm.mean_over_seeds { 1, 2, 3, 0 / 0, math.huge }
    assert.same({ 2, 1, 3 }, { found.mean, found.deviation, found.n })
    assert.near(4.302653 / math.sqrt(3), found.half, 1e-4)
    assert.equal("2.0 ± 2.5", found.text)
    local one = fm.mean_over_seeds { 5 }
    assert.same({ 5, 1 }, { one.mean, one.n })
    assert.is_nil(one.deviation or one.half)
    assert.equal(0, fm.mean_over_seeds({}).n)
  end)

  it("gradcheck: the distance and the tolerance are those given", function()
    local w, f = fm.parameter(fm.tensor { 0.3 }), function(v) return v:abs() end
    assert.is_true(fm.gradcheck(f, { w }))
    local ok, message = fm.gradcheck(f, { w }, { eps = 0.5 }) -- the other side of 0 is reached: 0.8 - 0.2
    local weight = fm.rng(17, "gradcheck"):normal(1)[1]
    assert.is_nil(ok)
    local got, want = message:match "^input 1, number 1: gradient (%S+), by differences (%S+)$"
    assert.near(weight, tonumber(got), 1e-5)
    assert.near(0.6 * weight, tonumber(want), 1e-5)
    local error_of = math.abs(0.4 * weight) / math.max(1, math.abs(weight))
    assert.is_true(fm.gradcheck(f, { w }, { eps = 0.5, tolerance = error_of * 1.001 }))
    assert.is_nil((fm.gradcheck(f, { w }, { eps = 0.5, tolerance = error_of * 0.999 })))
    assert.near(0.3, w[1], 1e-7)
    local large = fm.parameter(fm.tensor { 2 }) -- of a large derivative the error is a share
    assert.is_true(fm.gradcheck(function(v) return v:square() * 1e3 end, { large }))
  end)

  it("runs, skip and experiments", function()
    assert.same({ nil, "no_such is no folder" }, { fm.runs "no_such" })
    local function iterator() end
    local passed = {}
    local place = { get = same, set = same }
    assert.equal(iterator, fm.skip.declare(iterator, function(n) passed[#passed + 1] = n end, place))
    fm.skip.of(iterator)(3)
    assert.same({ { 3 }, place }, { passed, fm.skip.place_of(iterator) })
    assert.is_nil(fm.skip.of(same) or fm.skip.place_of(same))
    local experiment = fm.experiment
    local made = experiment { run = same, help = "h" }
    assert.same({ true, false, false }, { experiment.is(made), experiment.is {}, experiment.is(nil) })
    assert.is_true(experiment.check_name(made, "from_file"))
    assert.equal("from_file", made.name)
    assert.is_true(experiment.check_name(made, "other"))
    assert.equal("from_file", made.name) -- it has one
    made.name = "a/b"
    local ok, problem = experiment.check_name(made, "x")
    assert.is_false(ok)
    assert.truthy(problem:find('found "a/b"', 1, true))
    assert.equal(("a"):rep(64), experiment({ run = same, name = ("a"):rep(64) }).name)
    assert.is_false(experiment.made_by "@no_such.lua")
  end)
end)
