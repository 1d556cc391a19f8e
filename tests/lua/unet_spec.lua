-- nn.unet: its parts, where it attends, what it is called with, and that it learns.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local networks <const> = dofile "tests/lua/networks.lua"
local nn <const> = fm.nn
local raises <const> = checks.raises_text

local function small(o)
  local all = { channels = 1, width = 8, multipliers = { 1, 2 }, attention = { 4 } }
  for name, value in pairs(o or {}) do all[name] = value end
  nn.seed(3)
  return nn.unet(all)
end

-- The names of the layers that attend, without that of the layer.
local function attending(model)
  local names = {}
  for name in pairs(model:state()) do
    local found = name:match "^(.+)%.attention%.norm%.weight$"
    if found then names[#names + 1] = found end
  end
  table.sort(names)
  return table.concat(names, " ")
end

describe("nn.unet", function()
  checks.no_bytes_stay(before_each, after_each)

  it("has 1,112,801 numbers by default, and starts as the velocity 0", function()
    local model = nn.unet { channels = 1 }
    assert.equal(1112801, model:count())
    local x = fm.rng(1):normal(2, 1, 32, 32)
    local v = model(x, 0.5)
    checks.same(fm.zeros(2, 1, 32, 32), v)
    assert.equal("down.2.0 middle.0 up.2.0 up.2.1", attending(model))
    assert.same({ 32, 96, 3, 3 }, model:state()["up.0.0.conv1.weight"]:shape())
    assert.is_nil(model.classes)
    assert.equal(1, model.times)
  end)

  it("attends at the heights named", function()
    assert.equal("down.1.0 middle.0 up.1.0 up.1.1", attending(small()))
    assert.equal("", attending(small { attention = {} }))
    assert.equal("down.0.0 down.1.0 middle.0 up.0.0 up.0.1 up.1.0 up.1.1", attending(small { attention = { 4, 8 } }))
    assert.equal("down.0.0 up.0.0 up.0.1", attending(small { attention = { 8 }, size = 8 }))
    assert.equal("down.0.0 down.0.1 up.0.0 up.0.1 up.0.2", attending(small { attention = { 28 }, size = 28, blocks = 2 }))
    assert.equal("", attending(nn.unet { channels = 1, width = 4, size = 28 })) -- no level has the height of the default
    assert.equal("down.1.0 middle.0 up.1.0 up.1.1", attending(nn.unet { channels = 1, width = 4, size = 16 , multipliers = { 1, 1 } }))
    raises("unet: attention: no level has the height 5: they have 8, 4 (or say size, the height of the pictures)", small, { attention = { 4, 5 } })
    raises("unet: attention: no level has the height 8: they have 28, 14", small, { attention = { 8 }, size = 28 })
    raises("unet: size: expected a multiple of 2, which halves 1 times, found 7", small, { size = 7 })
    raises("unet: size: expected a multiple of 2, which halves 1 times, found 7", small, { size = 7, attention = {} })
    raises('unet: size: expected a whole number >= 1, found "x"', small, { size = "x", attention = {} })
    raises("unet: attention: expected a list of heights, found 8", small, { attention = 8 })
    raises("unet: attention: expected a whole number >= 1, found 0", small, { attention = { 0 } })
  end)

  it("takes pictures of any size that halves often enough", function()
    local model = networks.shaken(small { multipliers = { 1, 1, 2 }, attention = { 2 } })
    for _, shape in ipairs { { 2, 1, 8, 8 }, { 1, 1, 4, 12 }, { 3, 1, 16, 8 } } do
      assert.same(shape, model(fm.rng(2):normal(shape), 0.5):shape())
    end
    local why = "height and width must be multiples of 4, because they are halved 2 times"
    raises("unet: x is [2, 1, 6, 8]: " .. why, model, fm.ones(2, 1, 6, 8), 0.5)
    raises("unet: x is [2, 1, 8, 10]: " .. why, model, fm.ones(2, 1, 8, 10), 0.5)
    raises("unet: x is [2, 1, 0, 8]: " .. why, model, fm.zeros(2, 1, 0, 8), 0.5)
    raises("unet: x: expected a tensor [B, 1, H, W], found a tensor [2, 3, 8, 8]", model, fm.ones(2, 3, 8, 8), 0.5)
    raises("unet: x: expected a tensor [B, 1, H, W], found a tensor [2, 64]", model, fm.ones(2, 64), 0.5)
    raises("unet: x: expected a tensor [B, 1, H, W], found nil", model)
  end)

  it("takes times and labels as numbers and by rows", function()
    local x = fm.rng(2):normal(3, 1, 8, 8)
    networks.takes_times_and_labels(networks.shaken(small { classes = 3 }), x, 1)
    networks.takes_times_and_labels(networks.shaken(small { classes = 3, times = 2 }), x, 2)
    local plain = networks.shaken(small())
    checks.same(plain(x, 0.5), plain(x, 0.5, 7)) -- ignored without classes
    raises("unet: s: expected a number or a tensor [3] or [3, 1], found nil", small { times = 2 }, x)
    raises("unet: t: expected a number or a tensor [3] or [3, 1], found nil: with times = 2 it is called with x, s and t", small { times = 2 }, x, 0.5)
  end)

  it("has the same bits on every number of threads", function()
    local x, t, labels = fm.rng(2):normal(6, 1, 16, 16), fm.linspace(0, 1, 6), fm.tensor { 1, 2, 3, 4, 1, 2 }
    networks.same_on_threads(networks.shaken(small()), x, 0.3)
    networks.same_on_threads(networks.shaken(small { classes = 3, heads = 2 }), x, t, labels)
    networks.same_on_threads(networks.shaken(small { times = 2 }), x, t, 1)
  end)

  checks.in_double(it)("has the right gradients", function()
    local o = { channels = 1, width = 2, multipliers = { 1, 2 }, attention = { 2 }, classes = 2 }
    local x = fm.rng(5):normal(2, 1, 4, 4)
    networks.gradcheck(networks.shaken(nn.unet(o)), x, fm.tensor { 0.2, 0.7 }, fm.tensor { 2, 3 })
  end)

  it("drops out in its blocks while training only", function()
    local plain, dropping = networks.shaken(small()), networks.shaken(small { dropout = 0.3 })
    local x = fm.rng(2):normal(2, 1, 8, 8)
    dropping:load_state(plain:state())
    assert.is_true((dropping(x, 0.5) - plain(x, 0.5)):abs():max():item() > 1e-3)
    checks.same(plain(x, 0.5), dropping:eval()(x, 0.5))
  end)

  it("learns where ones are, from its labels", function()
    nn.seed(1)
    local model = nn.unet { channels = 1, width = 8, multipliers = { 1, 2 }, attention = { 4 }, classes = 2 }
    local x1, labels = fm.zeros(16, 1, 8, 8), fm.zeros(16)
    for i = 1, 16 do
      labels[i] = i % 2 + 1
      for j = 1, 4 do x1[i][1][j + 4 * (i % 2)]:fill(1) end
    end
    local opt, rng, first, last = fm.optim.adam(model, { lr = 3e-3 }), fm.rng(4), nil, nil
    for _ = 1, 60 do
      last = opt:step(function() return fm.flow.loss(model, x1, { rng = rng, cond = labels }) end)
      first = first or last
    end
    assert.is_true(last < first / 2)
    local x = fm.ode.solve(fm.flow.velocity(model, { cond = labels }), rng:normal(16, 1, 8, 8), { method = "euler", steps = 8 })
    assert.same({ 16, 1, 8, 8 }, x:shape())
  end)

  it("refuses what it cannot be made of", function()
    raises("unet: channels: expected a whole number >= 1, found nil", nn.unet, {})
    raises('unet: unknown option "widht"; did you mean "width"', nn.unet, { channels = 1, widht = 3 })
    raises("unet: width: expected an even number, found 3", nn.unet, { channels = 1, width = 3 })
    raises("unet: multipliers: expected a list of 1 to 30 whole numbers, found 2", nn.unet, { channels = 1, multipliers = 2 })
    raises("unet: multipliers: expected a list of 1 to 30 whole numbers, found a table", nn.unet, { channels = 1, multipliers = {} })
    raises("unet: multipliers: expected a list of 1 to 30 whole numbers, found a table", small, { multipliers = fm.ones(31):totable() })
    raises("unet: multipliers: expected a list without holes or names, found a field 3", nn.unet, { channels = 1, multipliers = { 1, nil, 2 } })
    raises("unet: multipliers: expected a list without holes or names, found a field down", nn.unet, { channels = 1, multipliers = { 1, down = 2 } })
    raises("unet: attention: expected a list without holes or names, found a field h", small, { attention = { h = 4 } })
    raises("unet: multipliers: expected a whole number >= 1, found 0.5", nn.unet, { channels = 1, multipliers = { 1, 0.5 } })
    raises("unet: 16 channels of level 2 are no multiple of 3 heads", small, { heads = 3 })
    raises("unet: dropout: expected a number >= 0 and < 1, found 1", small, { dropout = 1 })
    raises("unet: classes: expected a whole number >= 1, found 0", small, { classes = 0 })
    raises("unet: times: expected a whole number in 1..2, found 3", small, { times = 3 })
    raises("unet: blocks: expected a whole number in 1..1000, found 0", small, { blocks = 0 })
    raises("unet: unexpected argument 2", nn.unet, { channels = 1 }, 2)
  end)
end)
