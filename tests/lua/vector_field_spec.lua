-- nn.vector_field with a condition: what is added where, what no condition means, which weights
-- stay as they are, and what it refuses.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local nn <const>, ode <const> = fm.nn, fm.ode
local raises <const> = checks.raises_text

local function largest(difference) return difference:abs():max():item() end

local function made(o)
  nn.seed(3)
  o.dim, o.hidden, o.time_embed = 2, 16, 8
  return nn.vector_field(o)
end

describe("nn.vector_field", function()
  checks.no_bytes_stay(before_each, after_each)

  local x, t = fm.rng(1):normal(4, 2), fm.tensor { 0, 0.3, 0.6, 1 }
  local labels = fm.tensor { 3, 1, 2, 4 }

  -- The network by hand, with what is added to the embedding of the time.
  local function by_hand(model, addition)
    local s = model:state()
    local function layer(h, name) return h:linear(s[name .. ".weight"], s[name .. ".bias"]) end
    local h = fm.cat(x, layer(layer(t:reshape(-1, 1), "time_embed.0"):silu(), "time_embed.2") + addition, 2)
    for _, i in ipairs { 0, 2, 4 } do h = layer(h, "net." .. i):silu() end
    return layer(h, "net.6")
  end

  it("adds the row of its label to the embedding of the time", function()
    local model = made { classes = 3 }
    local rows = model:state()["class_embed.weight"]
    assert.same({ 4, 8 }, rows:shape())
    assert(largest(model(x, t, labels) - by_hand(model, rows:embedding(labels))) < 1e-6)
    assert.same(model(x, t, labels):totable(), model(x, t, labels:reshape(-1, 1)):totable())
    assert.same(model(x, t, fm.full(4, 2)):totable(), model(x, t, 2):totable())
    assert.same(model(x, t, fm.full(4, 4)):totable(), model(x, t):totable()) -- none is label n + 1
    assert.equal(3, model.classes)
    assert.equal(made {}:count() + 4 * 8, model:count())
  end)

  it("adds its numbers through a linear layer; none is the same as zeros", function()
    local model, cond = made { cond = 3 }, fm.rng(2):normal(4, 3)
    local s = model:state()
    assert.same({ 8, 3 }, s["cond_embed.weight"]:shape())
    assert(largest(model(x, t, cond) - by_hand(model, cond:linear(s["cond_embed.weight"], s["cond_embed.bias"]))) < 1e-6)
    assert.same(model(x, t, fm.zeros(4, 3)):totable(), model(x, t):totable())
    assert(largest(model(x, t, cond[{ 1, 1 }]) - model(x, t, fm.zeros(4, 3) + cond[{ 1, 1 }])) < 1e-6)
    assert.equal(made {}:count() + 3 * 8 + 8, model:count())
  end)

  it("has the weights that it has without a condition, and ignores one without classes and cond", function()
    local plain = made {}
    for _, o in ipairs { { classes = 3 }, { cond = 2 } } do
      local state = made(o):state()
      for name, tensor in pairs(plain:state()) do assert.same(tensor:totable(), state[name]:totable()) end
    end
    assert.same(plain(x, t):totable(), plain(x, t, labels):totable())
    assert.is_nil(plain.classes)
  end)

  it("keeps its state in a file's names, and solves under control by rows with its labels", function()
    local model = made { classes = 3 }
    local other = nn.vector_field { dim = 2, hidden = 16, time_embed = 8, classes = 3 }:load_state(model:state())
    assert.same(model(x, 0.5, labels):totable(), other(x, 0.5, labels):totable())
    local function field(c) return fm.flow.velocity(model, { cond = c }) end
    local rows = ode.solve(field(labels), x, { method = "rk45", control = "sample" })
    for i = 1, 4 do
      local alone = ode.solve(field(labels[{ i, i }]), x[{ i, i }], { method = "rk45", control = "sample" })
      assert(largest(rows[{ i, i }] - alone) < 1e-5)
    end
  end)

  it("takes two times, s first, through one time network", function()
    local model = made { times = 2, classes = 3 }
    local w, s = model:state(), fm.tensor { 0, 0.1, 0.6, 0.2 }
    assert.same({ 8, 2 }, w["time_embed.0.weight"]:shape())
    assert.equal(2, model.times)
    local pair = fm.cat(s:reshape(-1, 1), t:reshape(-1, 1), 2)
    local told = pair:linear(w["time_embed.0.weight"], w["time_embed.0.bias"]):silu():linear(w["time_embed.2.weight"], w["time_embed.2.bias"])
    local want = model.net(fm.cat(x, told + w["class_embed.weight"]:embedding(labels), 2))
    assert(largest(model(x, s, t, labels) - want) < 1e-6)
    assert.same(model(x, fm.full(4, 0.1), fm.full({ 4, 1 }, 0.5)):totable(), model(x, 0.1, 0.5):totable())
    assert.same(model(x, fm.full(4, 0.1), fm.full(4, 0.5), fm.full(4, 2)):totable(), model(x, fm.full(1, 0.1), 0.5, 2):totable())
    local by_number = made { times = 2, cond = 3 }
    assert.same(by_number(x, s, t):totable(), by_number(x, s, t, fm.zeros(4, 3)):totable())
    raises("vector_field: t: expected a number or a tensor [4] or [4, 1], found nil", model, x, 0.1)
    raises("vector_field: s: expected a number or a tensor [4] or [4, 1], found a tensor [3]", model, x, fm.ones(3), 1)
    raises("vector_field: times: expected a whole number in 1..2, found 3", made, { times = 3 })
  end)

  it("gives every part a gradient", function()
    local model = made { classes = 3 }
    local parameters = model:parameters()
    local tape <close> = fm.record()
    model(x, t, labels):square():sum():backward()
    for _, tensor in ipairs(parameters) do assert(largest(tensor:grad()) > 0) end
  end)

  it("refuses other conditions", function()
    local by_class, by_number = made { classes = 3 }, made { cond = 3 }
    raises("vector_field: cond: expected labels, a tensor [4] or a number, found a tensor [3]", by_class, x, t, fm.ones(3))
    raises('vector_field: cond: expected labels, a tensor [4] or a number, found "two"', by_class, x, t, "two")
    raises("embedding: index 1 is 5: it must lie in 1..4", by_class, x, t, 5)
    raises("embedding: index 4 is 1.5: it must be a whole number", by_class, x, t, fm.tensor { 1, 1, 1, 1.5 })
    raises("vector_field: cond: expected a tensor [4, 3], found a tensor [4, 2]", by_number, x, t, fm.ones(4, 2))
    raises("vector_field: cond: expected a tensor [4, 3], found 1", by_number, x, t, 1)
    raises("vector_field: classes and cond are both given", nn.vector_field, { dim = 2, classes = 3, cond = 2 })
    raises("vector_field: classes: expected a whole number >= 1, found 0", nn.vector_field, { dim = 2, classes = 0 })
    raises("vector_field: cond: expected a whole number >= 1, found \"a\"", nn.vector_field, { dim = 2, cond = "a" })
  end)
end)
