local fm <const> = require "fm"
local optim <const> = fm.optim

describe("optim", function()
  local function fails(pattern, f, ...)
    local ok, message = pcall(f, ...)
    assert.is_false(ok)
    assert.matches(pattern, message)
  end
  local function quadratic(w) return function() return (w - fm.tensor { 1, -2, 3 }):square():sum() end end

  it("finds the minimum with each method", function()
    for name, settings in pairs { adam = { lr = 0.1 }, adamw = { lr = 0.1, weight_decay = 0 }, sgd = { lr = 0.05, momentum = 0.5, nesterov = true } } do
      local w = fm.parameter(fm.zeros(3))
      local opt = optim[name]({ w }, settings)
      for _ = 1, 400 do opt:step(quadratic(w)) end
      assert.near(0, quadratic(w)():item(), 1e-6)
    end
  end)

  it("continues bit for bit from its state", function()
    local function train(steps, model_state, opt_state)
      local w = fm.parameter(model_state or fm.zeros(3))
      local opt = optim.adam({ w }, { lr = 0.1 })
      if opt_state then opt:load_state(opt_state) end
      for _ = 1, steps do opt:step(quadratic(w)) end
      local copy = {}
      for name, value in pairs(opt:state()) do copy[name] = fm.is_tensor(value) and value:clone() or value end
      return w:clone(), copy
    end
    local whole = train(20)
    local half, state = train(10)
    assert.same(whole:totable(), (train(10, half, state)):totable())
  end)

  it("clips the global norm, and tells it", function()
    local w = fm.parameter(fm.zeros(3))
    local opt = optim.sgd({ w }, { lr = 1 })
    opt:step(quadratic(w), { clip = 1 })
    assert.near(2 * math.sqrt(14), opt.grad_norm, 1e-5)
    assert.near(1, w:square():sum():item(), 1e-5)
  end)

  it("leaves a parameter without a gradient alone", function()
    local a, b = fm.parameter(fm.zeros(3)), fm.parameter(fm.ones(2))
    local opt = optim.adamw({ a, b }, { lr = 0.1, weight_decay = 0.5 })
    opt:step(quadratic(a))
    assert.same({ 1, 1 }, b:totable())
  end)

  it("changes nothing when the loss is not finite", function()
    local w = fm.parameter(fm.ones(3))
    local opt = optim.adam({ w })
    local loss = opt:step(function() return (w / 0):sum() end)
    assert.equal(math.huge, loss)
    assert.same({ 1, 1, 1 }, w:totable())
  end)

  it("averages, swaps in and back, also after an error", function()
    local w = fm.parameter(fm.zeros(1))
    local ema = optim.ema({ w }, { decay = 0.5 })
    w:fill(8)
    ema:update()
    assert.equal(4, ema:swap(function() return w[1] end))
    assert.equal(8, w[1])
    pcall(function() ema:swap(function() error "inside" end) end)
    assert.equal(8, w[1])
  end)

  it("follows schedules", function()
    local cosine = optim.cosine { steps = 10, lr = 1, warmup = 0, floor = 0 }
    assert.near(1, cosine(0), 1e-12)
    assert.near(0.5, cosine(5), 1e-12)
    assert.near(0, cosine(10), 1e-12)
    assert.near(0.5, optim.linear { steps = 10, lr = 1 }(5), 1e-12)
    assert.near(0.01, optim.step { every = 3, lr = 1, factor = 0.1 }(7), 1e-12)
    local w = fm.parameter(fm.zeros(3))
    local opt = optim.sgd({ w }, { lr = optim.linear { steps = 2, lr = 0.1 } })
    for _ = 1, 3 do opt:step(quadratic(w)) end
    assert.equal(0, opt:rate())
  end)

  it("keeps two optimizers over the same parameters apart", function()
    local w = fm.parameter(fm.zeros(3))
    local a, b = optim.adam({ w }, { lr = 0.1 }), optim.sgd({ w }, { lr = 0.1 })
    a:step(quadratic(w))
    b:step(quadratic(w))
    local want = { 0.1 + 0.2 * 0.9, -0.1 - 0.2 * 1.9, 0.1 + 0.2 * 2.9 }
    for i = 1, 3 do assert.near(want[i], w[i], 1e-5) end
  end)

  it("refuses misuse", function()
    local w = fm.parameter(fm.zeros(3))
    fails("closure must return the loss", function() optim.adam({ w }):step(function() end) end)
    fails("not a parameter", optim.adam, { fm.zeros(3) })
    fails("same parameter", optim.adam, { w, w })
    fails('unknown option "betass"; did you mean "betas"', optim.adam, { w }, { betass = 1 })
    fails("lr: expected a number", optim.adam, { w }, { lr = "x" })
    fails("thrown inside", function() optim.adam({ w }):step(function() error "thrown inside" end) end)
    assert.is_false(fm.is_recording())
  end)
end)
