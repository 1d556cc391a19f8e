-- The small parts of flows that many functions share, with what they refuse: times and shapes of
-- arguments, sources, levels, spreads, scales, maps in steps.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local arguments <const> = require "fm.flow.parts.arguments"
local reverse <const> = require "fm.flow.parts.reverse"
local row_times <const> = require "fm.flow.parts.row_times"
local source <const> = require "fm.flow.parts.source"
local spread <const> = require "fm.flow.parts.spread"
local flow <const> = fm.flow
local raises <const> = checks.raises_text
local double <const> = fm.real == "double"

describe("a time", function()
  checks.no_bytes_stay(before_each, after_each)

  it("is a number in 0..1, up to rounding, or one for each row", function()
    for t, want in pairs { [0] = 0, [1] = 1, [0.25] = 0.25, [-1e-9] = 0, [1 + 1e-9] = 1, [1 + 5e-10] = 1 } do assert.equal(want, arguments.time("w", t, 3)) end
    for _, t in ipairs { -2e-9, 1 + 2e-9 } do raises(("w: t: expected a number in 0..1, found %.14g"):format(t), arguments.time, "w", t, 3) end
    raises("w: s: expected a number in 0..1, found 2", arguments.time, "w", 2, 3, "s")
    local t <const> = fm.tensor { 0.1, 0.2, 0.3 }
    assert.equal(t, arguments.time("w", t, 3))
    checks.same(t, arguments.time("w", t:reshape(3, 1), 3))
    assert.same({ 1 }, arguments.time("w", fm.tensor(0.5), 3):shape())
    assert.same({ 1 }, arguments.time("w", fm.ones(1, 1), 3):shape())
    assert.equal(t, arguments.time("w", t))
    raises("w: t is [3], expected [2] or a number", arguments.time, "w", t, 2)
    raises("w: t is [1, 3], expected [3] or a number", arguments.time, "w", t:reshape(1, 3), 3)
    raises("w: s is [2, 2], expected [4] or a number", arguments.time, "w", fm.ones(2, 2), 4, "s")
    raises("w: t: expected a number or a tensor [3], found string", arguments.time, "w", "1", 3)
    raises("w: t: expected a number or a tensor [B], found nil", arguments.time, "w")
    raises("w: t: expected a number or a tensor [B], found nil", arguments.any_time, "w")
    arguments.any_time("w", 7)
    arguments.any_time("w", t)
    checks.same(fm.tensor { 0, 1 }, arguments.time_within("w", fm.tensor { 0, 1 }, 2))
    assert.same({ 0 }, arguments.time_within("w", fm.zeros(0), 0):shape())
    for _, off in ipairs { -0.5, 1.5 } do
      raises(("w: t: expected numbers in 0..1, found %g .. %g"):format(math.min(0.5, off), math.max(0.5, off)), arguments.time_within, "w",
        fm.tensor { 0.5, off }, 2)
    end
    raises("w: m: expected numbers in 0..1, found 2 .. 2", arguments.time_within, "w", fm.full(2, 2), 2, "m")
    checks.same(fm.full(3, 0.5), row_times.over(0.5, 3))
    checks.same(fm.full(3, 0.5), row_times.over(fm.full(1, 0.5), 3))
    assert.equal(t, row_times.over(t, 3))
    raises("w: time returned a number, expected a tensor [2]", row_times.drawn, "w", function() return 1 end, fm.rng(1), 2)
    raises("w: time: t is [3], expected [2] or a number", row_times.drawn, "w", function() return t end, fm.rng(1), 2)
    raises("w: time: t: expected numbers in 0..1, found 2 .. 2", row_times.drawn, "w", function() return fm.full(2, 2) end, fm.rng(1), 2)
    checks.same(fm.rng(1):uniform(4), row_times.drawn("w", nil, fm.rng(1), 4))
    for _, name in ipairs { "t", "s" } do
      raises(("w: give %s or time, not both: time says how times are drawn"):format(name), row_times.check, "w", { time = "uniform", [name] = 0 })
    end
    row_times.check("w", { t = 0, s = 0 })
  end)

  it("of a model and a batch are checked by what they are", function()
    raises("w: the model is a tensor [2]: expected a function or a model", arguments.model, "w", fm.ones(2))
    raises("w: x is a nil: expected a tensor [B, ...]", arguments.batch, "w", "x")
    raises("w: x is a number: expected a tensor [2, 3]", arguments.batch, "w", "x", 1, fm.ones(2, 3))
    raises("w: x is [], expected [B, ...]", arguments.batch, "w", "x", fm.tensor(1))
    for shape, x in pairs { ["[2, 1]"] = fm.ones(2, 1), ["[3, 3]"] = fm.ones(3, 3), ["[2]"] = fm.ones(2), ["[2, 3, 1]"] = fm.ones(2, 3, 1) } do
      raises(("w: x is %s, expected [2, 3]"):format(shape), arguments.batch, "w", "x", x, fm.ones(2, 3))
    end
    for times, text in pairs { [1] = "1 time", [3] = "3 times" } do
      raises(("w: the net takes %s, expected one made with times = 2"):format(text), arguments.times, "w", "the net", { times = times }, 2)
    end
    arguments.times("w", "the net", { times = 2 }, 2)
    arguments.times("w", "the net", { times = "1" }, 2)
    arguments.times("w", "the net", setmetatable({}, { __index = { times = 1 } }), 2)
  end)
end)

describe("a source", function()
  checks.no_bytes_stay(before_each, after_each)

  it("is a normal, rows of a tensor, or what a function draws", function()
    local shape <const> = { 9, 2, 3 }
    checks.same(fm.rng(1):normal(4, 2, 3), source.draw("w", nil, 4, shape, fm.rng(1)))
    local rows <const> = fm.range(1, 5):reshape(5, 1)
    checks.same(rows:index_select(fm.rng(1):integers(4, 5), 1), source.draw("w", rows, 4, shape, fm.rng(1)))
    local rng <const> = fm.rng(1)
    checks.same(fm.full({ 4, 2 }, 4), source.draw("w", function(n, given)
      assert.equal(rng, given)
      return fm.full({ n, 2 }, n)
    end, 4, shape, rng))
    raises("w: source returned 3 rows, expected 4", source.draw, "w", function() return fm.ones(3, 2) end, 4, shape, rng)
    raises("w: what source returned is a number: expected a tensor [B, ...]", source.draw, "w", function() return 3 end, 4, shape, rng)
    raises("w: source: expected a tensor, a function(n, rng) or nil (normal), found 3", source.check, "w", 3)
    raises("w: source: the tensor has no rows", source.check, "w", fm.zeros(0, 2))
    raises("w: source is [], expected [B, ...]", source.check, "w", fm.tensor(1))
    source.check("w")
    source.check("w", rows)
  end)
end)

describe("a plan backward", function()
  it("swaps the ends, and passes on what belongs to a solve", function()
    local plan = reverse.plan { t0 = 0.25, t1 = 1, steps = 3, mine = 1 }
    assert.same({ 1, 0.25, 3 }, { plan.t0, plan.t1, plan.steps })
    assert.is_nil(plan.mine)
    local how = reverse.how { t0 = 1, times = 1, save = 1, events = 1, gradient = true, memory = 1, rows = 1, manifold = 1, cond = 1, steps = 3, rtol = 2,
      mine = 1 }
    assert.same({ gradient = false, rows = true, steps = 3, rtol = 2 }, how)
    local all = reverse.options({ "events" }, { mine = 3, steps = 7 })
    assert.same({ 1, 0, 3, 7 }, { all.t1, all.t0, all.mine, all.steps })
    assert.is_nil(all.events)
    local own = reverse.how_options { mine = 3 }
    assert.equal(3, own.mine)
    for _, name in ipairs { "t0", "t1", "times", "save", "events", "gradient", "memory", "rows", "manifold" } do assert.is_nil(own[name]) end
    for _, status in ipairs { "finished", "event" } do assert.equal(7, (reverse.finished("w", 7, { status = status }))) end
    raises("w: the solve ended at t = 0.5 with status max_nfe: ode.solve gives what was reached until there", reverse.finished, "w", 7,
      { status = "max_nfe", t = 0.5 })
    raises("w: the solve ended at t = 0.123457 with status step_too_small: why: ode.solve gives", reverse.finished, "w", 7,
      { status = "step_too_small", t = 0.1234567, reason = "why" })
  end)
end)

describe("levels", function()
  checks.no_bytes_stay(before_each, after_each)

  it("are spread over their bins, and checked", function()
    local x <const> = fm.tensor { { -1, 0, 3 } }
    local o <const> = { bins = 5, low = -1, high = 3, rng = fm.rng(1) }
    local u = fm.rng(1):uniform(1, 3)
    local y <const> = flow.dequantise(x, { bins = 5, low = -1, high = 3, rng = fm.rng(1) })
    for i, level in ipairs { 0, 1, 4 } do assert.near(-1 + (level + u[1][i]) * 4 / 5, y[1][i], 1e-6) end
    checks.near(flow.dequantise(x, { bins = 5, low = -1, high = 3, rng = fm.rng(1), first_row = 3 })[1],
      (fm.tensor { 0, 1, 4 } + fm.rng(1):uniform(3, 3)[3]) * 0.8 - 1, 1e-6)
    for _, off in ipairs { -1 - 0.19, 3 + 0.19 } do flow.dequantise(fm.tensor { off }, o) end -- a quarter of a bin is rounding
    for _, off in ipairs { -1 - 0.21, 3 + 0.21 } do
      raises(("dequantise: values are in %g..%g, expected -1..3"):format(math.min(off, 0), math.max(off, 0)), flow.dequantise, fm.tensor { off, 0 }, o)
    end
    local function fails(text, more)
      for name, value in pairs(o) do if more[name] == nil then more[name] = value end end
      raises("dequantise: " .. text, flow.dequantise, x, more)
    end
    fails("low 3 is not below high 3", { low = 3 })
    fails("low -inf and high 3: expected finite numbers", { low = -math.huge })
    fails("bins: expected a whole number >= 2, found 1", { bins = 1 })
    fails("first_row: expected a whole number in 1..1099511627776, found 0", { first_row = 0 })
    raises("dequantise: rng is missing", flow.dequantise, x, { bins = 5, low = -1, high = 3 })
    raises("dequantise: unexpected argument 3, a number: it takes 2", flow.dequantise, x, o, 3)
    assert.same({ 0, 2 }, flow.dequantise(fm.zeros(0, 2), o):shape())
    flow.dequantise(x, { bins = 2, low = -1, high = 3, rng = fm.rng(1) })
  end)

  it("cost a bit for each halving of their bins", function()
    local function still(y) return y * 0 end
    local x <const> = fm.rng(2):uniform(3, 4)
    local nats = flow.log_prob(still, x)
    local bits, info = flow.bits_per_dimension(still, x, { dequantise = false, bins = 16, low = -1, high = 3 })
    checks.near(bits, nats * (-1 / (4 * math.log(2))) + 2, 1e-5)
    checks.near(info.log_prob, nats, 1e-6)
    checks.near((flow.bits_per_dimension(still, x, { dequantise = false })), nats * (-1 / (4 * math.log(2))) + 8, 1e-5)
    raises("bits_per_dimension: dequantise: expected true or false, found 1", flow.bits_per_dimension, still, x, { dequantise = 1 })
    raises("bits_per_dimension: rng is missing: dequantise = true draws from it", flow.bits_per_dimension, still, x, {})
  end)
end)

describe("a spread", function()
  checks.no_bytes_stay(setup, teardown)

  -- The variance of x1 given x = a x1 + s x0 at r = a / s: points y, each with the weight
  -- exp(-|s x0 + a (x1 - y)|^2 / 2 s^2) = exp(-|x0 + r (x1 - y)|^2 / 2).
  it("is the variance of the points under their weights, by columns or products, with others unseen", function()
    for _, dim in ipairs { 2, 16, 17 } do
      local y <const>, x0 <const> = fm.rng(1):normal(5, dim), fm.rng(2):normal(3, dim)
      local from <const> = fm.tensor { 2, 4, 1 }
      local x1 <const> = y:index_select(from, 1)
      for _, others in ipairs { false, 9 } do
        local same = spread.pairs(x1, from, x0, y, fm.range(1, 5), others or nil)
        for _, r in ipairs { 0.3, 1 } do
          local found = spread.at(same, r)
          for i, own in ipairs { 2, 4, 1 } do
            local weights, total, mean, square = {}, 0, fm.zeros(dim), 0
            for j = 1, 5 do
              local off = x0[i] + (x1[i] - y[j]) * r
              weights[j] = math.exp((x0[i]:square():sum():item() - off:square():sum():item()) / 2) * (others and j ~= own and others / 4 or 1)
              total = total + weights[j]
            end
            for j = 1, 5 do
              mean = mean + (y[j] - x1[i]) * (weights[j] / total)
              square = square + (y[j] - x1[i]):square():sum():item() * weights[j] / total
            end
            local want = square - mean:square():sum():item()
            assert.near(want, found[i], (double and 1e-9 or 2e-4) * math.max(1, square), ("%d columns, %s others"):format(dim, others))
          end
        end
      end
    end
  end)
end)

describe("a map in steps", function()
  checks.no_bytes_stay(before_each, after_each)

  it("goes through the times given, or equal ones", function()
    local calls, cond = {}, {}
    local function model(x, s, t, c)
      calls[#calls + 1], cond[#cond + 1] = { s, t }, c
      return x * 0 + 2
    end
    local x, info = flow.map_sample(model, fm.zeros(2, 1), { steps = 4, cond = 7 })
    assert.same({ { 0, 0.25 }, { 0.25, 0.5 }, { 0.5, 0.75 }, { 0.75, 1 } }, calls)
    assert.same({ 7, 7, 7, 7 }, cond)
    assert.same({ nfe = 4 }, info)
    checks.near(x, fm.full({ 2, 1 }, 2))
    calls = {}
    checks.near((flow.map_sample(model, fm.zeros(2, 1), { times = { 0.25, 0.5, 0.5, 1 } })), fm.full({ 2, 1 }, 1.5))
    assert.same({ { 0.25, 0.5 }, { 0.5, 0.5 }, { 0.5, 1 } }, calls)
    calls = {}
    assert.same({ nfe = 2 }, select(2, flow.map_sample(model, fm.zeros(2, 1), { times = fm.tensor { 0, 0.5, 1 } })))
    flow.map_sample(model, fm.zeros(2, 1))
    assert.same({ { 0, 0.5 }, { 0.5, 1 }, { 0, 1 } }, calls)
    raises("map_sample: times: expected a list of two or more, found 3", flow.map_sample, model, fm.zeros(2, 1), { times = 3 })
    raises("map_sample: times[2] is 0.25, before times[1], 0.5", flow.map_sample, model, fm.zeros(2, 1), { times = { 0.5, 0.25 } })
  end)
end)
