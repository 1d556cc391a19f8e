local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow, ode, nn, data, optim = fm.flow, fm.ode, fm.nn, fm.data, fm.optim
local double <const> = fm.real == "double"
local raises_text <const> = checks.raises_text

local function apart(a, b)
  assert.same(a:shape(), b:shape())
  return (a - b):abs():max():item()
end

describe("reflow", function()
  checks.no_bytes_stay(before_each, after_each)

  local function gaussian() return flow.exact.gaussian { mean = { 1, -2 }, std = { 0.5, 2 } } end

  it("gives the ends of the paths, rows in order, in blocks of any size", function()
    local model, x0 = gaussian(), fm.rng(1):normal(50, 2)
    local a, b, info = flow.reflow(model, { x0 = x0 })
    assert.is_true(rawequal(a, x0))
    assert.is_true(apart(model:map(x0), b) < 1e-3)
    assert.equal(1, info.blocks)
    assert.equal(50 * info.nfe, info.evaluations)
    local _, whole, first = flow.reflow(model, { x0 = x0, method = "rk4", steps = 20 })
    assert.equal(80, first.nfe)
    for _, block in ipairs { 1, 7, 50, 1000 } do
      local _, parts, about = flow.reflow(model, { x0 = x0, method = "rk4", steps = 20, block = block })
      assert.is_true(apart(whole, parts) < (double and 1e-13 or 1e-5))
      assert.equal(math.ceil(50 / block), about.blocks)
    end
    local _, close = flow.reflow(model, { x0 = x0, control = "sample", block = 20, rtol = 1e-6, atol = 1e-6 })
    assert.is_true(apart(model:map(x0), close) < 1e-4)
    local _, pictures = flow.reflow(function(x) return x * 0 + 1 end, { x0 = fm.zeros(3, 1, 2, 2), block = 2 })
    assert.is_true(apart(fm.ones(3, 1, 2, 2), pictures) < 1e-6)
    local _, flat = flow.reflow(function(x) return x * 0 + 1 end, { x0 = fm.zeros(3), block = 2 })
    assert.is_true(apart(fm.ones(3), flat) < 1e-6)
  end)

  it("draws where the path starts: the same seed gives the same pairs", function()
    local x0, x1 = flow.reflow(gaussian(), { x0 = 30, rng = fm.rng(2) })
    assert.equal(0, apart(fm.rng(2):normal(30, 2), x0))
    local y0, y1 = flow.reflow(gaussian(), { x0 = 30, rng = fm.rng(2) })
    assert.equal(0, apart(x0, y0))
    assert.equal(0, apart(x1, y1))
    local rng = fm.rng(2)
    flow.reflow(gaussian(), { x0 = 30, rng = rng })
    assert.is_true(apart(x0, (flow.reflow(gaussian(), { x0 = 30, rng = rng }))) > 0.1) -- fresh ones in each call
    local net = nn.vector_field { dim = 3, hidden = 4, time_embed = 4 }
    assert.same({ 5, 3 }, (flow.reflow(net, { x0 = 5, rng = rng, steps = 1, method = "euler" })):shape())
    local function still(x) return x * 0 end
    local pictures = flow.reflow(still, { x0 = 2, rng = rng, dim = { 1, 4, 4 } })
    assert.same({ 2, 1, 4, 4 }, pictures:shape())
    local wide = flow.reflow(still, { x0 = 4000, rng = rng, dim = 2, path = { "ve", sigma_max = 10 } })
    assert.near(100, wide:square():mean():item(), 10)
    local own = flow.exact.gaussian { mean = 0, std = 1, dim = 2, path = { "ve", sigma_max = 10 } } -- it knows its path
    assert.near(100, (flow.reflow(own, { x0 = 4000, rng = rng, method = "euler", steps = 1 })):square():mean():item(), 10)
  end)

  it("keeps a condition with its rows, also where a field holds it or rows leave", function()
    local function speed(x, _, c) return x * 0 + c:reshape(-1, 1) end
    local x0, c = fm.zeros(23, 2), fm.range(1, 23)
    local field = flow.velocity(speed, { cond = c })
    for _, o in ipairs { {}, { block = 5 }, { block = 5, control = "sample" }, { block = 1 }, { block = 23 } } do
      o.x0 = x0
      local _, held = flow.reflow(field, o)
      assert.is_true(apart(c:reshape(-1, 1) + x0, held) < 1e-4)
      o.cond = c
      local _, given = flow.reflow(speed, o)
      assert.is_true(apart(c:reshape(-1, 1) + x0, given) < 1e-4)
    end
    local function two(x, _, both) return x * 0 + both.a:reshape(-1, 1) * both.b end
    local _, x1 = flow.reflow(two, { x0 = x0, cond = { a = c, b = 2 }, block = 4 })
    assert.is_true(apart(c:reshape(-1, 1) * 2 + x0, x1) < 1e-4)
  end)

  it("holds one block of rows beside the pairs, and nothing of it is recorded", function()
    local w, most = fm.parameter(fm.ones(2)), 0
    local function field(x)
      most = math.max(most, fm.live_bytes())
      return x * w
    end
    local n = 40000
    local before = fm.live_bytes()
    flow.reflow(field, { x0 = n, dim = 2, rng = fm.rng(3), method = "rk4", steps = 2, block = 500 })
    local size = n * 2 * (double and 8 or 4)
    assert.is_true(most - before < 2 * size + 40 * size * 500 / n, most - before)
    local net = nn.vector_field { dim = 2, hidden = 8, time_embed = 4 }
    local opt, teacher, rng = optim.adam(net), gaussian(), fm.rng(4)
    local losses = {}
    for i = 1, 3 do -- online: fresh pairs in each step
      losses[i] = opt:step(function()
        local x0, x1 = flow.reflow(teacher, { x0 = 16, rng = rng, method = "euler", steps = 5 })
        return flow.loss(net, x1, { x0 = x0, rng = rng, time = { "grid", steps = 1 } })
      end)
    end
    assert.is_true(losses[1] > 0 and losses[3] > 0)
    do
      local tape <close> = fm.record()
      local _, x1 = flow.reflow(field, { x0 = fm.ones(2, 2) })
      assert.is_false(fm.needs_grad(x1))
    end
  end)

  it("makes a flow whose one step is exact: the pairs of a Gaussian, by a line", function()
    local teacher = gaussian()
    local x0, x1 = flow.reflow(teacher, { x0 = 512, rng = fm.rng(5), rtol = 1e-6, atol = 1e-6 })
    local student = nn.linear(3, 2, { init = "zero" })
    local function model(x, t) return student(fm.cat(x, (t * 0 + 1):reshape(-1, 1), 2)) end
    local opt, rng = optim.adam(student, { lr = optim.cosine { lr = 0.1, steps = 300 } }), fm.rng(6)
    for _ = 1, 300 do
      opt:step(function() return flow.loss(model, x1, { x0 = x0, rng = rng, time = "grid" }) end)
    end
    local y = ode.solve(model, x0, { method = "euler", steps = 1 })
    assert.is_true(apart(x1, y) < 0.02, apart(x1, y))
  end)

  it("makes flows straighter stage by stage, and one step of them better", function()
    local rng = fm.rng(12)
    nn.seed(2)
    local model = nn.vector_field { dim = 2, hidden = 32, time_embed = 16 }
    local function moons(n) return data.moons { n = n, noise = 0.05, rng = rng } * 3 - 1 end
    local function eight(n) return data.eight_gaussians { n = n, rng = rng } end
    local test, truth = eight(500), moons(500)
    local batches = function() return eight(128), moons(128) end
    local straightness, w2 = {}, {}
    for stage = 1, 3 do
      local opt = optim.adam(model, { lr = optim.cosine { lr = 1e-2, steps = 500 } })
      for _ = 1, 500 do
        local x0, x1 = batches()
        if not x0 then x0, x1 = batches() end
        opt:step(function() return flow.loss(model, x1, { x0 = x0, rng = rng }) end, { clip = 1 })
      end
      straightness[stage] = flow.straightness(model, test, { steps = 20 })
      w2[stage] = fm.metrics.wasserstein2(ode.solve(model, test, { method = "euler", steps = 1 }), truth)
      local x0, x1 = flow.reflow(model, { x0 = eight(2048), method = "heun", steps = 20 })
      batches = data.batches(x0, 128, { labels = x1, rng = rng:stream(tostring(stage)) })
    end
    assert.is_true(straightness[2] < straightness[1] / 20, straightness[2])
    assert.is_true(straightness[3] < straightness[2], straightness[3])
    assert.is_true(w2[2] < w2[1] / 2, w2[2])
  end)

  it("says what is wrong", function()
    local function field(x) return x end
    local rng = fm.rng(1)
    raises_text("reflow: the model is a nil", flow.reflow)
    raises_text("reflow: x0 is missing: expected a tensor [B, ...], or how many rows to draw", flow.reflow, field)
    raises_text("reflow: x0 is a string", flow.reflow, field, { x0 = "noise" })
    raises_text("reflow: x0 is [0, 2]: it has no numbers", flow.reflow, field, { x0 = fm.zeros(0, 2) })
    raises_text("reflow: x0: expected a whole number", flow.reflow, field, { x0 = 0, rng = rng, dim = 2 })
    raises_text("reflow: rng is missing: x0 = 5 rows are drawn from it", flow.reflow, field, { x0 = 5, dim = 2 })
    raises_text("reflow: dim is missing: x0 = 5 rows of how many numbers?", flow.reflow, field, { x0 = 5, rng = rng })
    raises_text("reflow: dim goes with x0 = n", flow.reflow, field, { x0 = fm.ones(2, 2), dim = 2 })
    raises_text('reflow: unknown option "blocks"; did you mean "block"?', flow.reflow, field, { x0 = fm.ones(2, 2), blocks = 2 })
    raises_text("reflow: block: expected a whole number", flow.reflow, field, { x0 = fm.ones(2, 2), block = 0 })
    raises_text("reflow: unexpected argument 3", flow.reflow, field, {}, 1)
    raises_text("reflow: the solve ended at t = ", flow.reflow, field, { x0 = fm.ones(2, 2), max_nfe = 3 })
  end)
end)

describe("times of a grid", function()
  checks.no_bytes_stay(before_each, after_each)

  it("are where equal Euler steps begin, equally often", function()
    local t = flow.time { "grid", steps = 4 } (fm.rng(1), 4000)
    local seen = {}
    for i = 1, 4000 do seen[t[i]] = (seen[t[i]] or 0) + 1 end
    for i = 0, 3 do assert.near(1000, seen[i / 4], 150) end
    assert.equal(0, flow.time "grid" (fm.rng(1), 10):abs():max():item())
    assert.equal(0, apart(t, flow.time("grid", { steps = 4 })(fm.rng(1), 4000)))
    raises_text("time grid: steps: expected a whole number in 1..1000000, found 0", flow.time, { "grid", steps = 0 })
    raises_text('time grid: unknown option "k"', flow.time, { "grid", k = 2 })
  end)
end)

describe("the check of pairs", function()
  checks.no_bytes_stay(before_each, after_each)

  local function flow_of_modes()
    return flow.exact.mixture { means = { { -3, 0 }, { 2, 2 }, { 3, -2 } }, std = 0.4, weights = { 1, 2, 1 } }
  end
  local function turned(x) return x:index_select(fm.rng(9):permutation(#x), 1) end

  it("tells with a model the pairs of its flow from swapped ones and from rows that lost each other", function()
    for _, model in ipairs { flow_of_modes(), flow.exact.gaussian { mean = 0.3, std = 1, dim = 2 }, flow.exact.gaussian { mean = 0, std = 0.2, dim = 2 } } do
      for _, o in ipairs { {}, { method = "euler", steps = 8 }, { method = "heun", steps = 4 } } do
        o.x0, o.rng = 700, fm.rng(7)
        local x0, x1 = flow.reflow(model, o)
        local ok, info = flow.check_pairs(x0, x1, { model = model })
        assert.is_true(ok, info)
        assert.is_true(info.forward < info.backward)
        local good, message = flow.check_pairs(x1, x0, { model = model })
        assert.is_nil(good)
        assert.truthy(message:find "the ends of the pairs look swapped: from x1 the model comes to x0 within", message)
        good, message = flow.check_pairs(x0, turned(x1), { model = model })
        assert.is_nil(good)
        assert.truthy(message:find "x0 and x1 do not belong together row by row", message)
      end
    end
  end)

  it("finds a flow that was trained from data to noise, which is the one with the time turned round", function()
    local forward = flow_of_modes()
    local x0, x1 = flow.reflow(forward, { x0 = 300, rng = fm.rng(10) })
    local function backward(x, t) return -forward(x, 1 - t) end
    assert.is_true(flow.check_pairs(x0, x1, { model = forward }))
    assert.is_nil(flow.check_pairs(x0, x1, { model = backward }))
    assert.is_true(flow.check_pairs(x1, x0, { model = backward }))
  end)

  it("is quiet and catches swaps on a trained flow from eight Gaussians to moons, however short its training", function()
    local rng = fm.rng(11)
    nn.seed(1)
    local model = nn.vector_field { dim = 2, hidden = 32, time_embed = 16 }
    local opt = optim.adam(model, { lr = 1e-2 })
    for round = 1, 4 do
      for _ = 1, round > 1 and 60 or 5 do
        local x0, x1 = data.eight_gaussians { n = 128, rng = rng }, data.moons { n = 128, noise = 0.05, rng = rng } * 3 - 1
        opt:step(function() return flow.loss(model, x1, { x0 = x0, rng = rng }) end)
      end
      for _, o in ipairs { {}, { method = "heun", steps = 20 } } do
        o.x0 = data.eight_gaussians { n = 400, rng = rng }
        local x0, x1 = flow.reflow(model, o)
        assert.is_true(flow.check_pairs(x0, x1, { model = model }))
        assert.is_nil(flow.check_pairs(x1, x0, { model = model }))
        assert.is_nil(flow.check_pairs(x0, turned(x1), { model = model }))
      end
    end
  end)

  it("takes few rows, a condition and a flow that moves nothing", function()
    local function speed(x, _, c) return x * 0 + c:reshape(-1, 1) end
    local x0, c = fm.rng(8):normal(1000, 2), fm.range(1, 1000)
    local _, x1 = flow.reflow(speed, { x0 = x0, cond = c })
    for _, rows in ipairs { 1, 2, 33, 1000, 5000 } do
      assert.is_true(flow.check_pairs(x0, x1, { model = speed, cond = c, rows = rows }))
      assert.is_nil(flow.check_pairs(x1, x0, { model = speed, cond = c, rows = rows }))
    end
    local function still(x) return x * 0 end
    assert.is_true(flow.check_pairs(x0, x0, { model = still }))
    assert.is_true(flow.check_pairs(x0, x0:clone(), { model = still, control = "sample" }))
  end)

  it("tells by the source alone, and is quiet when the ends are alike", function()
    local function eight(n, rng) return data.eight_gaussians { n = n, rng = rng } end
    for seed = 1, 25 do
      local rng = fm.rng(seed)
      local x0, x1 = eight(300, rng), data.moons { n = 300, noise = 0.05, rng = rng } * 3 - 1
      local z = rng:normal(300, 2)
      assert.is_true(flow.check_pairs(x0, x1, { source = eight, rng = rng }))
      assert.is_true(flow.check_pairs(x0, x1, { source = eight(1000, rng) }))
      assert.is_true(flow.check_pairs(z, x1, { rng = rng }))
      assert.is_true(flow.check_pairs(z, rng:normal(300, 2), { rng = rng, rows = 100 }))
      for _, o in ipairs { { source = eight, rng = rng }, { source = eight(1000, rng) } } do
        local ok, message = flow.check_pairs(x1, x0, o)
        assert.is_nil(ok)
        assert.truthy(message:find "the ends of the pairs look swapped: the energy distance to the source is", message)
      end
      assert.is_nil(flow.check_pairs(x1, z, { rng = rng }))
    end
  end)

  it("says what is wrong", function()
    local x, rng = fm.ones(4, 2), fm.rng(1)
    raises_text("check_pairs: x0 is a nil", flow.check_pairs)
    raises_text("check_pairs: x1 is [3, 2], expected [4, 2]", flow.check_pairs, x, fm.ones(3, 2))
    raises_text("check_pairs: rng is missing: points of the source are drawn from it (or give the model", flow.check_pairs, x, x)
    raises_text("check_pairs: the model is a number", flow.check_pairs, x, x, { model = 1 })
    raises_text("check_pairs: rng is for a check without a model", flow.check_pairs, x, x, { model = print, rng = rng })
    raises_text("check_pairs: source is for a check without a model", flow.check_pairs, x, x, { model = print, source = x })
    raises_text("check_pairs: method is for a check with a model", flow.check_pairs, x, x, { rng = rng, method = "euler" })
    raises_text("check_pairs: source is [4, 3], expected two rows or more like those of x0 [4, 2]", flow.check_pairs, x, x, { source = fm.ones(4, 3) })
    raises_text("check_pairs: source: expected a tensor or a function of n and rng, found 3", flow.check_pairs, x, x, { source = 3 })
    raises_text('check_pairs: unknown option "row"; did you mean "rows"?', flow.check_pairs, x, x, { row = 3 })
    raises_text("check_pairs: rows: expected a whole number", flow.check_pairs, x, x, { rng = rng, rows = 0 })
  end)
end)
