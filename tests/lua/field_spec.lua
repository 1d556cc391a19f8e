-- The arguments of fields and models: times as number, [B] and [B, 1], and the conditions of the
-- rows that are still in the batch.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local nn <const>, flow <const>, ode <const>, sde <const> = fm.nn, fm.flow, fm.ode, fm.sde
local double <const> = fm.real == "double"

local raises <const> = checks.raises

local function same(a, b) assert.same(a:totable(), b:totable()) end

-- Three ways to write one velocity of x [B, 2]: w (x + t).
local w <const> = fm.tensor { { 0.5, -1 }, { 2, 0.25 } }
local function for_number(x, t) return (x + math.cos(t) / math.cos(t) * t):matmul(w) end
local function for_rows(x, t) return (x + t:reshape(#x, 1)):matmul(w) end
local function for_both(x, t) return (x + (type(t) == "number" and t or t:reshape(-1, 1))):matmul(w) end

-- A layer of a script's, around a function of (self, x, t, cond).
local function layer(f)
  return setmetatable({ parameters = function() return {} end }, { __call = f })
end
local function layer_of(f) return layer(function(_, x, t) return f(x, t) end) end
local function object_of(f) return setmetatable({}, { __call = function(_, x, t) return f(x, t) end }) end

local function all_models()
  local models = {}
  for name, f in pairs { number = for_number, rows = for_rows, both = for_both } do
    models[name] = f
    models[name .. " layer"], models[name .. " object"] = layer_of(f), object_of(f)
    models[name .. " module"] = nn.module({}, function(_, x, t) return f(x, t) end)
  end
  return models
end

describe("time", function()
  checks.no_bytes_stay(before_each, after_each)

  local x0 = fm.rng(1):normal(5, 2)
  local solves <const> = {
    euler = { method = "euler", steps = 4 }, rk4 = { method = "rk4", steps = 3 }, ab3 = { method = "ab3", steps = 6 }, dopri5 = {},
    backward = { method = "dop853", t0 = 1, t1 = 0.25 },
    step = { method = function(f, t, x, h) return x + (f(x, t) + f(x + f(x, t) * h, t + h)) * (h / 2) end, steps = 3 },
  }

  it("is tried in no other form where the stack is full", function()
    local calls = 0
    local function without_end(x, t)
      calls = calls + 1
      if calls > 1000 then os.exit(9) end -- an error would only be one more to try again after
      return (ode.solve(function(...) return without_end(...) end, x, { t1 = t + 1 }))
    end
    raises("stack overflow", without_end, x0, 0)
  end)

  it("comes to each model in the form that it takes, with the same bits", function()
    for _, o in pairs(solves) do
      local want, info = ode.solve(for_both, x0, o)
      for name, model in pairs(all_models()) do
        local calls = 0
        local function counted(x, t)
          calls = calls + 1
          return model(x, t)
        end
        local y, found = ode.solve(model, x0, o)
        assert.same({ name, want:totable(), info.nfe }, { name, y:totable(), found.nfe })
        same(want, (ode.solve(flow.velocity(model), x0, o)))
        same(want, (ode.solve(counted, x0, o)))
        assert.near(info.nfe, calls, 2) -- a first call that fails is made again
      end
    end
  end)

  it("is a number for a function, [B] for a layer", function()
    local seen = {}
    local function look(x, t)
      seen[#seen + 1] = type(t) == "number" and "number" or table.concat(t:shape(), ",")
      return x * 0
    end
    for _, field in ipairs { look, layer_of(look), object_of(look), flow.velocity(look), flow.velocity(layer_of(look)) } do
      ode.solve(field, x0, { method = "euler", steps = 1 })
      ode.solve(field, x0, { control = "sample", first_step = 1, max_nfe = 1 })
    end
    assert.same({ "number", "5", "5", "5", "number", "5", "number", "5", "5", "5" }, seen) -- batch and sample for each
    seen = {}
    ode.solve(layer_of(look), fm.zeros(), { method = "euler", steps = 1 })
    assert.same({ "number" }, seen) -- x is one number, without rows
  end)

  it("may be a number, [B], [B, 1] or one number for all rows, constant or not, where a script calls", function()
    local constant, differing = fm.full(5, 0.25), fm.tensor { 0, 0.25, 0.5, 0.75, 1 }
    for _, predict in ipairs { "velocity", "data", "noise", "score" } do
      for _, path in ipairs { "linear", "vp" } do
        for name, model in pairs(all_models()) do
          if not name:find "number" then
            local field = flow.velocity(model, { predict = predict, path = path })
            same(field(x0, constant), field(x0, constant:reshape(5, 1)))
            same(field(x0, differing), field(x0, differing:reshape(5, 1)))
            local apart = {}
            for i = 1, 5 do apart[i] = field(x0[{ i, i }], differing[{ i, i }]) end
            assert.near(0, (field(x0, differing) - fm.cat(apart, 1)):abs():max():item(), double and 1e-12 or 2e-5)
            if path == "linear" then assert.near(0, (field(x0, 0.25) - field(x0, constant)):abs():max():item(), 1e-5) end
          end
        end
      end
    end
    for _, model in pairs { layer_of(for_rows), layer_of(for_both) } do
      for _, make in ipairs { flow.velocity, flow.score, flow.posterior } do
        local field = make(model)
        for _, t in ipairs { 0.25, constant, constant:reshape(5, 1), fm.tensor { 0.25 }, fm.tensor { { 0.25 } }, fm.tensor(0.25) } do
          same(field(x0, constant), field(x0, t))
        end
      end
    end
  end)

  it("is handed on by score, posterior, log_prob, encode, decode, sde and quiver", function()
    local o, likelihood = { method = "rk4", steps = 3 }, { method = "rk4", steps = 3, divergence = "hutchinson", probes = 2 }
    local function results(model)
      local list = { (flow.encode(model, x0, o)), (flow.decode(model, x0, o)), (flow.log_prob(model, x0, o)), (flow.score(model)(x0, 0.5)),
        (flow.posterior(model)(x0, 0.5)) }
      likelihood.rng = fm.rng(1)
      list[#list + 1] = flow.log_prob(model, x0, likelihood)
      for _, last in ipairs { "tweedie", "mean", "plain" } do
        list[#list + 1] = sde.solve(model, x0, { w = 0.5, rng = fm.rng(3), steps = 4, last = last, method = "heun" })
      end
      list[#list + 1] = sde.solve({ drift = model, diffusion = model }, x0, { rng = fm.rng(3), steps = 4 })
      for i, t in ipairs(list) do list[i] = t:totable() end
      fm.plot.quiver(model, { limits = { -1, 1, -1, 1 }, t = 0.5 })
      return list
    end
    local want = results(for_both)
    for name, model in pairs(all_models()) do assert.same({ name, want }, { name, results(model) }) end
    for name, model in pairs(all_models()) do assert.same({ name, want }, { name, results(flow.velocity(model)) }) end
  end)

  it("takes gradients through a model of either kind", function()
    local p = fm.parameter(w)
    local grads = {}
    for i, f in ipairs { function(x, t) return (x + t:reshape(#x, 1)):matmul(p) end, function(x, t) return (x + t):matmul(p) end } do
      for _, memory in ipairs { "full", "segments" } do
        for _, model in ipairs { f, layer_of(f) } do
          p:zero_grad()
          local tape <close> = fm.record()
          ode.solve(model, x0, { method = "rk4", steps = 3, memory = memory }):square():sum():backward()
          grads[#grads + 1] = p:grad():totable()
        end
      end
      assert(i)
    end
    for i = 2, #grads do assert.same(grads[1], grads[i]) end
  end)

  it("is not the reason of every error: what a model raises comes out as it was", function()
    for _, make in ipairs { function(f) return f end, layer_of, object_of } do
      raises("^tests/lua/field_spec.lua:%d+: mine$", ode.solve, make(function() error "mine" end), x0, {})
      raises("x has 2", ode.solve, make(function(x) error("x has " .. x:size(2), 0) end), x0, {})
      raises("matmul: ", ode.solve, make(function(x, t) return (x + (type(t) == "number" and t or t:reshape(-1, 1))):matmul(fm.ones(3, 3)) end), x0, {})
      local ok, problem = pcall(ode.solve, make(function() error { code = 7 } end), x0, {})
      assert.same({ false, 7 }, { ok, problem.code })
      local calls = 0
      raises("only once", ode.solve, make(function(x) -- a failure that has nothing to do with t is none of the time's
        calls = calls + 1
        if calls == 1 then error "only once" end
        return x
      end), x0, {})
      raises("the field returned a nil", ode.solve, make(function() end), x0, {})
      raises("x is %[5, 2%], the field returned %[5%]", ode.solve, make(function(x) return x:sum(2) end), x0, {}) -- no error of the model's
    end
    local _, traceback = xpcall(ode.solve, debug.traceback, function() local function deep() error "mine" end deep() end, x0, {})
    assert.truthy(traceback:find "in upvalue 'deep'" or traceback:find "in local 'deep'" or traceback:find "in function <tests/lua/field_spec", traceback)
  end)

  it("has a wrong size that the model names", function()
    local model = nn.vector_field { dim = 2, hidden = 4, time_embed = 4 }
    for _, t in ipairs { fm.zeros(4), fm.zeros(5, 2), fm.zeros(6, 1), fm.zeros(0), fm.zeros(1, 5), fm.zeros(5, 1, 1) } do
      raises("vector_field: t: expected a number or a tensor %[5%] or %[5, 1%], found a tensor", model, x0, t)
      raises("vector_field: t: expected a number or a tensor %[5%] or %[5, 1%], found a tensor", flow.velocity(model), x0, t)
      raises("velocity: field: t is %[[%d, ]+%], expected %[5%] or a number", flow.velocity(model, { predict = "data" }), x0, t)
      raises("score: t is %[[%d, ]+%], expected %[5%] or a number", flow.score(model), x0, t)
      raises("loss: t is %[[%d, ]+%], expected %[5%] or a number", flow.loss, model, x0, { rng = fm.rng(1), t = t })
    end
    raises("vector_field: t: expected a number or a tensor", model, x0, "now")
  end)
end)

describe("layers and time", function()
  it("time_embedding takes a number, [B] and [B, 1], with the same bits", function()
    for _, kind in ipairs { "sinusoidal", "fourier" } do
      local embed = nn.time_embedding(6, { kind = kind })
      local t = fm.tensor { 0, 0.1, 0.25, 0.7, 1 }
      local all = embed(t)
      assert.same({ 5, 6 }, all:shape())
      same(all, embed(t:reshape(5, 1)))
      for i = 1, 5 do
        same(all[{ i, i }], embed(t[i]))
        same(all[{ i, i }], embed(fm.tensor(t[i])))
      end
      same(embed(0.25), embed(fm.full(3, 0.25))[{ 2, 2 }])
      assert.same({ 0, 6 }, embed(fm.zeros(0)):shape())
    end
    local embed = nn.time_embedding(4)
    for _, bad in ipairs { fm.zeros(5, 2), fm.zeros(1, 5), fm.zeros(2, 1, 1), "x", {}, true } do
      raises("time_embedding: t: expected a number or a tensor %[B%] or %[B, 1%], found ", embed, bad)
    end
    raises("time_embedding: t: expected a number", embed)
  end)

  it("a model of time_embedding, written for [B], trains, samples and has a density", function()
    nn.seed(1)
    local embed, net = nn.time_embedding(8), nn.mlp { inputs = 10, hidden = { 16 }, outputs = 2 }
    local module = nn.module({ { "net", net } }, function(_, x, t) return net(fm.cat(x, embed(t), 2)) end)
    local mine = setmetatable({ parameters = function() return net:parameters() end },
      { __call = function(_, x, t) return net(fm.cat(x, embed(t:reshape(-1)), 2)) end })
    local function plain(x, t) return net(fm.cat(x, embed(t), 2)) end
    local x = fm.rng(4):normal(7, 2)
    local wanted
    for _, model in ipairs { module, mine, plain } do
      local found = { flow.loss(model, x, { rng = fm.rng(1) }):item() }
      for _, o in ipairs { { method = "euler", steps = 3 }, {}, { control = "sample" } } do
        found[#found + 1] = ode.solve(model, x, o):totable()
        found[#found + 1] = flow.log_prob(model, x, o):totable()
      end
      found[#found + 1] = sde.solve(model, x, { w = 1, rng = fm.rng(2), steps = 3 }):totable()
      wanted = wanted or found
      assert.same(wanted, found)
    end
  end)

  it("vector_field has the same bits for each form", function()
    local model, x = nn.vector_field { dim = 2, hidden = 8, time_embed = 4 }, fm.rng(1):normal(5, 2)
    local t = fm.tensor { 0, 0.1, 0.25, 0.7, 1 }
    same(model(x, t), model(x, t:reshape(5, 1)))
    for _, constant in ipairs { 0.7, fm.full(5, 0.7), fm.full({ 5, 1 }, 0.7), fm.tensor(0.7), fm.tensor { 0.7 }, fm.tensor { { 0.7 } } } do
      same(model(x, 0.7), model(x, constant))
    end
    assert(fm.gradcheck(function(s) return model(x, s) end, { fm.parameter(fm.tensor { 0.4 }) })) -- of one time for all rows, too
  end)
end)

-- ---- rows ----

-- A model of labels [B] or conditions [B, k], whose rows do not depend on each other: rates from
-- 0.2 to 40 by label, to keep rows apart.
local rates <const> = fm.tensor { { 0.2, 1 }, { 40, 3 }, { 3, 0.1 }, { 11, 5 } }

local function by_label(x, t, label)
  return (x + (type(t) == "number" and t or t:reshape(-1, 1))) * rates:embedding(label) * -1
end
local function by_rate(x, t, rate)
  return (x + (type(t) == "number" and t or t:reshape(-1, 1))) * rate * -1
end

describe("rows of a solve", function()
  checks.no_bytes_stay(before_each, after_each)

  local labels = fm.tensor { 1, 2, 3, 1, 4, 2, 3 }
  local conditions = rates:embedding(labels):detach()
  local x0 = fm.rng(2):normal(7, 2)
  local o = { control = "sample", rtol = 1e-4, atol = 1e-4 }

  -- Each row alone, with the same options, in a solve of one row.
  local function alone(solve)
    local list = {}
    for i = 1, 7 do list[i] = solve(i, i) end
    return fm.cat(list, 1)
  end

  it("take their labels and conditions along when others leave", function()
    local fewest = 7
    local function watched(x, t, cond)
      assert.equal(#x, #cond)
      fewest = math.min(fewest, #x)
      return by_label(x, t, cond)
    end
    for _, case in ipairs { { watched, labels }, { by_rate, conditions }, { layer(function(_, ...) return by_rate(...) end), conditions },
      { function(x, t, c) return by_rate(x, t, c.rate * c.one) end, { rate = conditions, one = 1 } } } do
      local model, cond = case[1], case[2]
      local function part(first, last)
        local piece = fm.is_tensor(cond) and cond[{ first, last }] or { rate = cond.rate and cond.rate[{ first, last }], one = 1 }
        return (ode.solve(flow.velocity(model, { cond = piece }), x0[{ first, last }], o))
      end
      local whole = part(1, 7)
      same(whole, alone(part))
      same(whole[{ 2, 6 }], part(2, 6))
      local batch = ode.solve(flow.velocity(model, { cond = cond }), x0, { rtol = 1e-6, atol = 1e-6 })
      assert.near(0, (batch - whole):abs():max():item(), 1e-3)
    end
    assert.equal(1, fewest)
  end)

  it("leave a condition for all rows alone", function()
    local all = fm.tensor { { 40, 3 } }
    for _, cond in ipairs { all, all:reshape(2), 3, fm.tensor(3), fm.ones(6), "three", function() end } do
      local seen = 0
      ode.solve(flow.velocity(function(x, t, c)
        assert.equal(cond, c)
        seen = seen + 1
        return by_label(x, t, labels[1] * fm.ones(#x))
      end, { cond = cond }), x0, o)
      assert(seen > 0)
    end
  end)

  it("tell a function their numbers, when it asks for them", function()
    local function field(x, t, rows) return by_label(x, t, labels:index_select(rows, 1)) end
    local whole, info = ode.solve(field, x0, { control = "sample", rtol = 1e-4, atol = 1e-4, rows = true })
    same(ode.solve(flow.velocity(by_label, { cond = labels }), x0, o), whole)
    assert.is_true(info.nfe > info.rows.nfe[1])
    local seen
    ode.solve(function(x, t, rows)
      seen = { type(t), rows:totable() }
      return x * 0
    end, x0, { method = "euler", steps = 2, rows = true })
    assert.same({ "number", { 1, 2, 3, 4, 5, 6, 7 } }, seen)
    ode.solve(layer(function(_, x, t, rows)
      seen = { t:shape(), rows:shape() }
      return x * 0
    end), x0, { method = "euler", steps = 2, rows = true })
    assert.same({ { 7 }, { 7 } }, seen)
    for _, control in ipairs { "batch", "sample" } do
      ode.solve(function(x, _, ...)
        seen = select("#", ...)
        return x * -1
      end, x0, { control = control })
      assert.equal(0, seen)
    end
    same(ode.solve(field, x0, { method = "rk4", steps = 3, rows = true }),
      (ode.solve(flow.velocity(by_label, { cond = labels }), x0, { method = "rk4", steps = 3 })))
    same(fm.zeros(0, 2), (ode.solve(field, fm.zeros(0, 2), { control = "sample", rows = true })))
    raises("ode.solve: rows: expected true or false, found 3", ode.solve, field, x0, { rows = 3 })
    raises("ode.solve: rows: x0 is a single number", ode.solve, field, fm.tensor(1), { rows = true })
    raises("velocity: field: unexpected argument 3", ode.solve, flow.velocity(by_label), x0, { rows = true })
  end)

  it("keep their conditions through score, encode, decode and log_prob", function()
    local function each(solve) -- the whole, and its rows alone
      local function part(first, last)
        local piece = { first, last }
        return (solve(flow.velocity(by_label, { cond = labels[piece] }), x0[piece], first))
      end
      local whole = part(1, 7)
      same(whole, alone(part))
      same(whole[{ 3, 7 }], part(3, 7))
    end
    each(function(model, x) return flow.decode(model, x, o) end)
    each(function(model, x) return flow.encode(model, x, { control = "sample", t0 = 0.9, rtol = 1e-4, atol = 1e-4 }) end)
    each(function(model, x) return flow.log_prob(model, x, { control = "sample", t0 = 0.9 }) end)
    each(function(model, x) return ode.solve(flow.score(model), x, { control = "sample", t1 = 0.1 }) end)
    each(function(model, x) return ode.solve(flow.posterior(model), x, { control = "sample", t1 = 0.1 }) end)
    each(function(model, x, first) -- probes are by row number
      return flow.log_prob(model, x, { control = "sample", t0 = 0.9, divergence = "hutchinson", probes = 3, rng = fm.rng(5), first_row = first })
    end)
    each(function(model, x, first)
      return flow.bits_per_dimension(model, x * 0.1, { control = "sample", t0 = 0.9, divergence = "hutchinson", probes = 2, rng = fm.rng(5),
        first_row = first, low = -1, high = 1, dequantise = false })
    end)
    local function field(x, t, rows) return by_label(x, t, labels:index_select(rows, 1)) end
    same((flow.log_prob(flow.velocity(by_label, { cond = labels }), x0, { control = "sample", t0 = 0.9 })),
      (flow.log_prob(field, x0, { control = "sample", t0 = 0.9, rows = true })))
    raises("log_prob: rows: expected true or false", flow.log_prob, field, x0, { rows = 1 })
    raises("log_prob: first_row: expected a whole number", flow.log_prob, field, x0, { first_row = 0 })
  end)

  it("take their conditions along through every function of a flow that is told them", function()
    local mixed = { control = "sample", rtol = 1e-4, atol = 1e-4 }
    local function with(options, cond)
      local o2 = { cond = cond }
      for key, value in pairs(options) do o2[key] = value end
      return o2
    end
    local back <const>, short <const> = { control = "sample", t0 = 0.9 }, { control = "sample", t1 = 0.1 }
    local function sde_flow(model, x, o2) return sde.solve(model, x, with({ w = 0.1, rng = fm.rng(3), steps = 5, t1 = 0.2 }, o2.cond)) end
    for _, case in ipairs { { flow.decode, mixed }, { flow.encode, back }, { flow.log_prob, back }, { ode.solve, mixed },
      { ode.solve, { method = "rk4", steps = 3 } },
      { ode.solve, { rtol = 1e-3 } }, { sde_flow, {} },
      { function(model, x, o2) return flow.score(model, o2)(x, 0.3) end, {} },
      { function(model, x, o2) return flow.posterior(model, o2)(x, 0.3) end, {} },
      { function(model, x, o2) return flow.bits_per_dimension(model, x * 0.1, o2) end, with(back, nil), { dequantise = false } },
      { function(model, x, o2) return ode.solve(flow.score(model, { cond = o2.cond }), x, short) end, {} } } do
      local solve <const>, how <const> = case[1], with(case[2], nil)
      for key, value in pairs(case[3] or {}) do how[key] = value end
      for _, pair in ipairs { { by_label, labels }, { by_rate, conditions }, { function(x, t, c) return by_rate(x, t, c.rate) end, { rate = conditions } },
        { layer(function(_, ...) return by_label(...) end), labels } } do
        local model <const>, cond <const> = pair[1], pair[2]
        local want = solve(flow.velocity(model, { cond = cond }), x0, how)
        same(want, (solve(model, x0, with(how, cond))))
        if how.control and fm.is_tensor(cond) then
          same(want, alone(function(first, last) return (solve(model, x0[{ first, last }], with(how, cond[{ first, last }]))) end))
        end
      end
    end
    local p = fm.parameter(rates)
    local function trained(x, t, label) return (x + t) * p:embedding(label) * -0.1 end
    local grads = {}
    for _, memory in ipairs { "full", "segments" } do
      for _, way in ipairs { { trained, labels }, { flow.velocity(trained, { cond = labels }) } } do
        p:zero_grad()
        local tape <close> = fm.record()
        ode.solve(way[1], x0, { method = "rk4", steps = 3, memory = memory, cond = way[2] }):square():sum():backward()
        grads[#grads + 1] = p:grad():totable()
      end
    end
    for i = 2, #grads do assert.same(grads[1], grads[i]) end
    local function spread(x, t, label) return by_label(x, t, label) * 0.1 end
    same((sde.solve({ drift = by_label, diffusion = spread }, x0, { cond = labels, rng = fm.rng(1), steps = 3 })),
      (sde.solve({ drift = flow.velocity(by_label, { cond = labels }), diffusion = function(x, t) return by_label(x, t, labels) * 0.1 end }, x0,
        { rng = fm.rng(1), steps = 3 })))
    raises("ode.solve: give rows or cond, not both", ode.solve, by_label, x0, { cond = labels, rows = true })
    raises("log_prob: give rows or cond, not both", flow.log_prob, by_label, x0, { cond = labels, rows = true })
    raises("velocity: field: unexpected argument 3", ode.solve, flow.velocity(by_label, { cond = labels }), x0, { cond = labels })
  end)

  it("go through a field that is made of two, as guidance is", function()
    local fields = require "fm.parts.field"
    local function guided(cond)
      local with, without = fields.of(by_label, cond), fields.of(by_label, fm.full(#cond, 3))
      return fields.new("guided", function(x, t, pick)
        local v = without(x, t, pick)
        return v + (with(x, t, pick) - v) * 1.5
      end)
    end
    local function part(first, last) return (ode.solve(guided(labels[{ first, last }]), x0[{ first, last }], o)) end
    same(part(1, 7), alone(part))
    raises("guided: unexpected argument 3", guided(labels), x0, 0.5, 1)
    local layer_field = layer(function(_, x, t, label) return by_label(x, t:reshape(#x), label) end)
    same(part(1, 7), (ode.solve(fields.new("mine", function(x, t, pick)
      local v = fields.of(layer_field, fm.full(7, 3))(x, t, pick)
      return v + (fields.of(layer_field, labels)(x, t, pick) - v) * 1.5
    end), x0, o)))
  end)

  it("of a model whose parameters are no method get the time as it is; one that overflows the stack is not called again", function()
    local seen <const> = {}
    local odd <const> = setmetatable({ parameters = 5 }, { __call = function(_, x, t)
      seen[#seen + 1] = type(t)
      return x
    end })
    local x0 <const> = fm.ones(3, 2)
    ode.solve(odd, x0, { method = "euler", steps = 1 })
    assert.same({ "number" }, seen)
    local calls = 0
    for message, wanted in pairs { ["stack overflow"] = 1, ["a: stack overflow"] = 1, ["no overflow"] = 3 } do
      calls = 0
      assert.is_false((pcall(ode.solve, function()
        calls = calls + 1
        error(message, 0)
      end, x0, { method = "euler", steps = 1 })))
      assert.equal(wanted, calls, message)
    end
  end)

  it("say once that a model takes numbers: without a condition, when numbers it was", function()
    local fields <const>, x <const>, told = require "fm.parts.field", fm.ones(3, 2), {}
    local function settled(model) told[#told + 1] = model end
    local function plain(y) return y end
    local f <const> = fields.of(plain, nil, settled)
    f(x, fm.full(1, 0.5))
    assert.equal(0, #told)
    f(x, 0.5)
    f(x, 0.5)
    assert.same({ plain }, told)
    fields.of(plain, 3, settled)(x, 0.5)
    fields.of(layer_of(plain), nil, settled)(x, 0.5)
    fields.of(fields.new("mine", plain), nil, settled)(x, 0.5)
    assert.same({ plain }, told)
  end)

  it("are picked for the rows that are left: tensors with as many, in tables too; nothing else", function()
    local picked <const> = require "fm.parts.field".picked
    local function select(tensor) return tensor[{ 1, 1 }] end
    local one <const>, other <const>, object <const> = fm.ones(1):mean(), fm.ones(4), setmetatable({ fm.ones(3) }, {})
    assert.equal(one, picked(one, select, 3)) -- of rank 0: it has no rows
    assert.equal(other, picked(other, select, 3))
    assert.equal(object, picked(object, select, 3))
    assert.same({ 5, nil }, { picked(5, select, 3), picked(nil, select, 3) })
    local part <const> = picked({ a = fm.range(1, 3), b = other, c = { fm.range(4, 6), one }, d = "text" }, select, 3)
    assert.same({ { 1 }, other, { 4 }, one, "text" }, { part.a:totable(), part.b, part.c[1]:totable(), part.c[2], part.d })
  end)

  it("have probes whose mean is the divergence, under their own steps too", function()
    local x = fm.rng(6):normal(4, 2)
    local mixed = fm.tensor { { 0.5, -1 }, { 2, 0.25 } }
    local function model(y, t) return (y * (type(t) == "number" and t or t:reshape(-1, 1))):matmul(mixed):tanh() end
    local exact = flow.log_prob(model, x, { control = "sample", rtol = 1e-6, atol = 1e-6 })
    local about, info = flow.log_prob(model, x, { control = "sample", rtol = 1e-6, atol = 1e-6, divergence = "hutchinson", probes = 400, rng = fm.rng(1) })
    for i = 1, 4 do assert(math.abs(exact[i] - about[i]) < 4 * info.standard_error[i] + 1e-3) end
    local batch = flow.log_prob(model, x, { rtol = 1e-6, atol = 1e-6, divergence = "hutchinson", probes = 400, rng = fm.rng(1) })
    assert.near(0, (batch - about):abs():max():item(), 1e-3)
  end)

  it("have noise on their levels by their number", function()
    local levels = fm.rng(1):integers({ 6, 3 }, 0, 4) / 4
    local whole = flow.dequantise(levels, { rng = fm.rng(2), bins = 5 })
    same(whole[{ 4, 6 }], flow.dequantise(levels[{ 4, 6 }], { rng = fm.rng(2), bins = 5, first_row = 4 }))
    raises("dequantise: first_row: expected a whole number", flow.dequantise, levels, { rng = fm.rng(2), bins = 5, first_row = 1.5 })
  end)
end)
