local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local nn <const> = fm.nn

describe("nn", function()
  setup(function() nn.linear(1, 1) end) -- loads what stays loaded
  checks.no_bytes_stay(setup, teardown)

  local function fails(pattern, f, ...)
    local ok, message = pcall(f, ...)
    assert.is_false(ok)
    assert.matches(pattern, message)
  end

  it("counts the founding article's network: 153,538 numbers at dim 2", function()
    local model = nn.vector_field { dim = 2 }
    assert.equal(153538, model:count())
    local state = model:state()
    assert.same({ 256, 66 }, state["net.0.weight"]:shape())
    assert.same({ 64, 1 }, state["time_embed.0.weight"]:shape())
    assert.same({ 2 }, state["net.6.bias"]:shape())
  end)

  it("takes time as a number, [B] or [B, 1]", function()
    local model, x = nn.vector_field { dim = 3, hidden = 8, time_embed = 4 }, fm.rng(1):normal(5, 3)
    local want = model(x, 0.25):totable()
    assert.same(want, model(x, fm.full(5, 0.25)):totable())
    assert.same(want, model(x, fm.full({ 5, 1 }, 0.25)):totable())
  end)

  it("loads the state it gives, and names what does not fit", function()
    local a, b, x = nn.mlp { inputs = 3, hidden = { 4 }, outputs = 2 }, nn.mlp { inputs = 3, hidden = { 4 }, outputs = 2 }, fm.rng(1):normal(5, 3)
    assert.are_not.same(a(x):totable(), b(x):totable())
    b:load_state(a:state())
    assert.same(a(x):totable(), b(x):totable())
    local state = a:state()
    state["0.weight"] = nil
    fails('"0.weight" is missing$', b.load_state, b, state)
    state["0.wieght"] = fm.zeros(4, 3)
    fails('"0.weight" is missing; there is "0.wieght"$', b.load_state, b, state)
    state = a:state()
    state["0.weights"] = fm.zeros(1)
    fails('unexpected "0.weights"; did you mean "0.weight"', b.load_state, b, state)
    state = a:state()
    state["2.bias"] = fm.zeros(3)
    fails('"2.bias" is %[3%], expected %[2%]', b.load_state, b, state)
  end)

  it("starts from the same weights for the same seed", function()
    nn.seed(5)
    local a = nn.linear(3, 2).weight:totable()
    nn.seed(5)
    assert.same(a, nn.linear(3, 2).weight:totable())
    nn.seed(6)
    assert.are_not.same(a, nn.linear(3, 2).weight:totable())
    nn.seed(0)
  end)

  it("has layers, embeddings and activations with the shapes and sizes that are theirs", function()
    local x = fm.rng(2):normal(6, 4)
    assert.same({ 6, 4 }, nn.residual(nn.linear(4, 4))(x):shape())
    local y = nn.layer_norm(4)(x)
    assert.near(0, y[1]:mean():item(), 1e-5)
    assert.near(1, nn.rms_norm(4)(x):square():mean():item(), 1e-4)
    assert.same({ 2, 3, 5 }, nn.embedding(9, 5)(fm.tensor { { 1, 2, 3 }, { 9, 9, 9 } }):shape())
    for _, kind in ipairs { "sinusoidal", "fourier" } do
      local e = nn.time_embedding(8, { kind = kind })(fm.linspace(0, 1, 6))
      assert.same({ 6, 8 }, e:shape())
      assert.near(1, (e:square():sum(2) / 4):mean():item(), 1e-4)
    end
    for _, name in ipairs { "tanh", "sigmoid", "relu", "silu", "gelu", "gelu_tanh", "selu", "elu", "softplus", "leaky_relu", "log_sigmoid" } do
      assert.same(fm[name](x):totable(), nn[name]()(x):totable())
    end
  end)

  it("drops out while training only, and keeps the mean", function()
    local drop, x = nn.dropout(0.25), fm.ones(100, 100)
    local y = drop(x)
    assert.near(1, y:mean():item(), 0.02)
    assert.near(0.75, fm.clamp(y, 0, 1):mean():item(), 0.02)
    drop:eval()
    assert.equal(x, drop(x))
  end)

  it("takes a user's layer: a table with __call and parameters", function()
    local scale = fm.parameter(fm.ones(2))
    local mine = setmetatable({ parameters = function() return { scale } end }, { __call = function(_, x) return x * scale end })
    local model = nn.sequential { nn.linear(2, 2), mine }
    assert.equal(3, #model:parameters())
    assert.equal(scale, model:state()["1.0"])
    assert.same({ 4, 2 }, model(fm.ones(4, 2)):shape())
  end)

  it("refuses what it does not know", function()
    fails('unknown option "hiden"; did you mean "hidden"', nn.vector_field, { dim = 2, hiden = 3 })
    fails("expected a whole number", nn.linear, 2.5, 1)
    fails("even number", nn.time_embedding, 7)
  end)

  it("refuses a hole in a list of layers or parameters: a function that forgot its return left it", function()
    local a, b = fm.nn.linear(2, 3), fm.nn.linear(3, 1)
    for _, list in ipairs { { a, nil, b }, { nil, a, b }, { a, nil, nil, b }, { [1] = a, [4] = b } } do
      assert.error_matches(function() fm.nn.sequential(list) end, "sequential: layer %d: expected a layer, found n[io]")
    end
    local p, q = fm.parameter(fm.ones(2)), fm.parameter(fm.ones(2))
    assert.error_matches(function() fm.optim.adam { p, nil, q } end, "adam: entry 2 of the list is not a parameter")
    assert.error_matches(function() fm.optim.adam { parameters = function() return p end } end,
      "adam: model:parameters%(%): expected a list of parameters, found a tensor %[2%]")
  end)
end)
