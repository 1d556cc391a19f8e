local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
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
    assert.near((1 + math.sqrt(0.5)) / 2, optim.cosine { steps = 8, lr = 1 }(2), 1e-12) -- above a straight line
    assert.near(0.2 + 0.8 * 0.75, optim.cosine { steps = 3, lr = 1, floor = 0.2 }(1), 1e-12)
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

  -- ---- numbers that are not finite ----

  --- All that a step may change, as numbers.
  local function snapshot(opt, w)
    local list = { w = w:totable(), rate = opt:rate(), taken = opt.steps_taken }
    for name, tensor in pairs(opt:state()) do list[name] = tensor:totable() end
    return list
  end

  local kinds <const> = { adam = { lr = 0.1 }, adamw = { lr = 0.1 }, sgd = { lr = 0.1 } }
  kinds.momentum = { kind = "sgd", lr = 0.1, momentum = 0.9, nesterov = true, weight_decay = 0.1 }
  kinds.decay = { kind = "adam", lr = 0.1, weight_decay = 0.1 }

  local function make(name, parameters)
    local settings = {}
    for key, value in pairs(kinds[name]) do settings[key] = value end
    settings.kind = nil
    return optim[kinds[name].kind or name](parameters, settings)
  end

  --- A finite loss whose gradient is not: sqrt at 0.
  local function kink(w) return function() return (w * fm.tensor { 0, 1, 1 }):sqrt():sum() end end

  it("changes nothing when a gradient is not finite, and names the parameter", function()
    for name in pairs(kinds) do
      for _, o in ipairs { {}, { clip = 1 } } do
        local good, w = fm.parameter(fm.ones(2)), fm.parameter(fm.tensor { 1, 2, 3 })
        local opt = make(name, { good, w })
        opt:step(quadratic(w), o)
        local before, other = snapshot(opt, w), good:totable()
        local norm = opt.grad_norm
        local function bad() return kink(w)() + good:sum() end
        assert.is_true(bad():item() < math.huge)
        fails("optim_spec.lua:%d+: %a+: the gradient of parameter 2 is %l+ at step 2; the step changed nothing", function() opt:step(bad, o) end)
        assert.same(before, snapshot(opt, w))
        assert.same(other, good:totable())
        assert.equal(norm, opt.grad_norm)
        for _ = 1, 2 do -- gradients at hand, the second bad
          local tape <close> = fm.record()
          quadratic(w)():backward()
          kink(w)():backward()
        end
        fails("the gradient of parameter 2 is", function() opt:step(nil, o) end)
        assert.same(before, snapshot(opt, w))
        assert.is_false(fm.is_recording())
        assert.is_number(opt:step(quadratic(w), o)) -- and goes on
        assert.is_true(w:sum():item() < math.huge)
      end
    end
  end)

  it("calls the parameters of a model by their names in its state", function()
    local model = fm.nn.mlp { inputs = 2, hidden = { 3 }, outputs = 1 }
    local opt = optim.adam(model)
    fails('adam: the gradient of "2.weight" is nan at step 1; the step changed nothing', function()
      opt:step(function() return model(fm.ones(1, 2)):sum() + (model:state()["2.weight"] * 0):sqrt():sum() end)
    end)
  end)

  it("changes nothing when an update would not be finite", function()
    local largest = fm.real == "double" and 1.7e308 or 3.3e38
    for name in pairs(kinds) do
      local w = fm.parameter(fm.tensor { 1, 2, 3 })
      local opt = make(name, { w })
      opt.lr = largest
      local before = snapshot(opt, w)
      local failed = 0
      for _ = 1, 4 do
        local ok, message = pcall(function() opt:step(function() return (w * 2):sum() end) end)
        if not ok then
          failed = failed + 1
          assert.matches("the update by lr .* of parameter 1 is infinite at step %d; the step changed nothing", message)
          assert.same(before, snapshot(opt, w))
        else
          before = snapshot(opt, w)
          for _, value in ipairs(before.w) do assert.is_true(math.abs(value) < math.huge) end
        end
      end
      assert.is_true(failed > 0, name)
    end
  end)

  it("finds the same numbers by a careful step as by another", function()
    for name in pairs(kinds) do
      local a, b = fm.parameter(fm.tensor { 1, 2, 3 }), fm.parameter(fm.tensor { 1, 2, 3 })
      local plain, careful = make(name, { a }), make(name, { b })
      for _ = 1, 5 do
        plain:step(quadratic(a))
        careful:load_state(careful:state()) -- how large its moments are is not known then
        careful:step(quadratic(b))
        assert.same(snapshot(plain, a), snapshot(careful, b))
      end
    end
  end)

  it("measures the norm of gradients whose squares are too large", function()
    local w, huge = fm.parameter(fm.zeros(3)), fm.real == "double" and 1e200 or 1e25
    local opt = optim.sgd({ w }, { lr = 1 })
    opt:step(function() return (w * huge):sum() end, { clip = 3 })
    assert.near(1, opt.grad_norm / (huge * math.sqrt(3)), 1e-5)
    for i = 1, 3 do assert.near(-math.sqrt(3), w[i], 1e-5) end
  end)

  -- ---- what a step gives, and leaves ----

  it("returns what else the closure returned, tensors detached", function()
    local w = fm.parameter(fm.ones(3))
    local opt = optim.sgd({ w }, { lr = 0.1 })
    local outside = fm.tensor { 5, 6 }
    local loss, y, text, nothing, same, p, list = opt:step(function()
      local x = w * 2
      return x:sum(), x, "text", nil, outside, w, { 1 }
    end)
    assert.equal(6, loss)
    assert.same({ { 2, 2, 2 }, "text", { 5, 6 }, { 1 } }, { y:totable(), text, same:totable(), list })
    assert.is_nil(nothing)
    assert.equal(w, p)
    assert.equal(2, select("#", opt:step(function() return w:sum(), nil end)))
    assert.equal(1, select("#", opt:step(function() return w:sum() end)))
    assert.same({ math.huge, "why" }, { opt:step(function() return (w / 0):sum(), "why" end) })
    assert.equal(0, select("#", opt:step()))
  end)

  it("closes its tape after an error in a coroutine too, and throws what was thrown", function()
    local w = fm.parameter(fm.ones(3))
    local opt = optim.sgd({ w }, { lr = 0.1 })
    local thing = {}
    for _, where in ipairs { function(f) return pcall(f) end, function(f) return coroutine.resume(coroutine.create(f)) end,
      function(f) return pcall(coroutine.wrap(f)) end } do
      local ok, problem = where(function() opt:step(function() error(thing) end) end)
      assert.is_false(ok)
      assert.equal(thing, problem)
      assert.is_false(fm.is_recording())
      local _, message = where(function() opt:step(function() return (w + "x"):sum() end) end)
      assert.matches("^tests/lua/optim_spec.lua:%d+: ", message)
      assert.is_false(fm.is_recording())
    end
    local weights = fm.ones(1000) * 2
    for i = 1, 50 do assert.equal(2 + i, (weights + i)[1]) end
    local co = coroutine.wrap(function() -- a closure may yield
      return opt:step(function()
        coroutine.yield "inside"
        return w:sum()
      end)
    end)
    assert.equal("inside", co())
    assert.equal(3, co())
  end)

  -- ---- averages ----

  it("refuses what would mix an average with the model inside of swap", function()
    local w = fm.parameter(fm.zeros(1))
    local a, b, opt = optim.ema({ w }, { decay = 0.5 }), optim.ema { w }, optim.sgd({ w }, { lr = 1 })
    local model = fm.nn.linear(1, 1)
    local of_model = optim.ema(model)
    w:fill(8)
    a:update()
    for name, f in pairs { swap = function() a:swap(print) end, update = function() a:update() end, state = function() a:state() end,
      load_state = function() a:load_state { updates = 1 } end, step = function() opt:step(function() return w:sum() end) end } do
      fails("^tests/lua/optim_spec.lua:%d+: " .. name .. ": the model holds the numbers of an average, inside of swap", function() a:swap(f) end)
      assert.equal(8, w[1])
    end
    fails("swap: the model holds", function() a:swap(function() b:swap(print) end) end)
    fails("update: the model holds", function() a:swap(function() b:update() end) end)
    fails("ema: the model holds", function() a:swap(function() optim.ema { w } end) end)
    fails("load_state: the model holds", function() of_model:swap(function() model:load_state(model:state()) end) end)
    assert.same({ 4, "x" }, { a:swap(function() return w[1], of_model:swap(function() return "x" end) end) }) -- of another model
    assert.equal(8, w[1])
    a:update()
    assert.equal(6, a.average[1])
  end)

  it("swaps back after an error in a coroutine", function()
    local w = fm.parameter(fm.zeros(1))
    local ema = optim.ema({ w }, { decay = 0.5 })
    w:fill(8)
    ema:update()
    local thing = {}
    local ok, problem = coroutine.resume(coroutine.create(function() ema:swap(function() error(thing) end) end))
    assert.is_false(ok)
    assert.equal(thing, problem)
    assert.equal(8, w[1])
    ema:swap(function() assert.equal(4, w[1]) end)
  end)

  it("swaps back, and closes its tape, when its coroutine is closed while it waits", function()
    local w = fm.parameter(fm.zeros(1))
    local ema, opt = optim.ema({ w }, { decay = 0.5 }), optim.sgd({ w }, { lr = 1 })
    w:fill(8)
    ema:update()
    local co = coroutine.create(function() ema:swap(coroutine.yield) end)
    coroutine.resume(co)
    assert.equal(4, w[1])
    assert(coroutine.close(co))
    assert.equal(8, w[1])
    ema:swap(function() assert.equal(4, w[1]) end)
    co = coroutine.create(function() opt:step(function() coroutine.yield(w * 2) end) end)
    local _, y = coroutine.resume(co)
    assert.equal(16, y[1])
    assert(coroutine.close(co))
    fails("released when its tape closed", function() return y + 1 end)
    assert.is_false(fm.is_recording())
    assert.equal(8, w[1])
  end)

  -- ---- states ----

  it("has states that can be saved, do not change, and are taken back exactly", function()
    local path = os.tmpname()
    local function train(opt, w, ema, n)
      for _ = 1, n do
        opt:step(quadratic(w))
        ema:update()
      end
    end
    local function fresh()
      local w = fm.parameter(fm.zeros(3))
      return optim.adam({ w }, { lr = 0.1 }), w, optim.ema({ w }, { decay = 0.9, warmup = true })
    end
    local opt, w, ema = fresh()
    train(opt, w, ema, 10)
    opt.lr = 0.1 + 1e-9 -- no float
    local states, numbers = { opt:state(), ema:state() }, w:clone()
    local before = { states[1]["m.1"]:totable(), states[2]["average.1"]:totable() }
    train(opt, w, ema, 10)
    assert.same(before, { states[1]["m.1"]:totable(), states[2]["average.1"]:totable() })
    local expected = { w:totable(), opt:state()["v.1"]:totable(), ema.average:totable() }

    for _, through in ipairs { function(state)
      assert(fm.save(path, state))
      return assert(fm.load(path))
    end, function(state) return state end } do
      local other, v, average = fresh()
      v:copy(numbers)
      other:load_state(through(states[1]))
      average:load_state(through(states[2]))
      assert.equal(0.1 + 1e-9, other.lr)
      train(other, v, average, 10)
      assert.same(expected, { v:totable(), other:state()["v.1"]:totable(), average.average:totable() })
      assert.equal(20, other.steps_taken)
    end
    os.remove(path)
    local old = opt:state()
    old.steps, old.lr = 7, 0.25 -- as numbers, as they were once
    opt:load_state(old)
    assert.same({ 7, 0.25 }, { opt.steps_taken, opt.lr })
  end)

  it("names the parameter whose moments leave the range of numbers, and changes nothing", function()
    local huge = fm.real == "double" and 1e200 or 1e25 -- its square has no number
    local a, b = fm.parameter(fm.ones(2, 2)), fm.parameter(fm.ones(3))
    local opt = optim.adam({ a, b }, { lr = 0.1 })
    checks.raises("the update by lr 0.1 of parameter 2 is infinite at step 1; the step changed nothing", function()
      opt:step(function() return a:sum() + (b * fm.tensor { 1, huge, 1 }):sum() end)
    end)
    checks.same(fm.ones(2, 2), a:detach())
    checks.same(fm.ones(3), b:detach())
  end)

  it("counts more steps than a float holds", function()
    local w = fm.parameter(fm.zeros(1))
    local opt = optim.sgd { w }
    local many = (1 << 24) * 3 + 1
    local state = opt:state()
    state.steps = many
    opt:load_state(state)
    local other = optim.sgd { w }
    other:load_state(opt:state())
    assert.equal(many, other.steps_taken)
  end)

  it("refuses a state that does not fit, and is then as it was", function()
    local w = fm.parameter(fm.zeros(3))
    local opt = optim.adam({ w }, { lr = 0.1 })
    opt:step(quadratic(w))
    local before = snapshot(opt, w)
    for message, change in pairs {
      ['the state has no "v.1"'] = function(state) state["v.1"] = nil end,
      ['"m.1" is %[2%], expected %[3%]'] = function(state) state["m.1"] = fm.zeros(2) end,
      ['unexpected "u.1"'] = function(state) state["u.1"] = fm.zeros(3) end,
      ["steps: expected the number of steps, found nil"] = function(state) state.steps = nil end,
      ["steps: expected the number of steps, found 1.5"] = function(state) state.steps = 1.5 end,
      ["lr: expected a number >= 0"] = function(state) state.lr = fm.tensor(-1) end,
    } do
      local state = opt:state()
      state["m.1"]:fill(9)
      change(state)
      fails("load_state: " .. message, function() opt:load_state(state) end)
      assert.same(before, snapshot(opt, w))
    end
  end)

  it("goes on by the rate of a state, or by its schedule when the state has none", function()
    local w = fm.parameter(fm.zeros(3))
    local schedule = optim.linear { lr = 1, steps = 10 }
    local constant, scheduled = optim.sgd({ w }, { lr = 0.5 }), optim.sgd({ w }, { lr = schedule })
    scheduled:load_state(scheduled:state())
    assert.equal(schedule, scheduled.lr)
    scheduled:load_state(constant:state())
    assert.equal(0.5, scheduled.lr)
  end)

  it("has limits for its options", function()
    local w = fm.parameter(fm.zeros(3))
    for _, case in ipairs {
      { "adam: betas%[1%]: expected a number >= 0 and < 1, found 1", "adam", { betas = { 1, 0.9 } } },
      { "adam: betas%[2%]: expected a number >= 0 and < 1, found 1", "adam", { betas = { 0.9, 1 } } },
      { "adamw: betas%[1%]: expected a number >= 0 and < 1, found %-0.1", "adamw", { betas = { -0.1, 0.9 } } },
      { "adam: betas: expected {beta1, beta2}, found a table", "adam", { betas = { 0.9 } } },
      { "adam: eps: expected a number in 1e%-37..1, found 0", "adam", { eps = 0 } },
      { "sgd: momentum: expected a number >= 0 and < 1, found 1", "sgd", { momentum = 1 } },
      { "sgd: nesterov: expected true or false, found 1", "sgd", { nesterov = 1, momentum = 0.5 } },
      { "sgd: lr: expected a number >= 0 or a schedule, found %-?nan", "sgd", { lr = 0 / 0 } },
      { "sgd: lr: expected a number >= 0 or a schedule, found inf", "sgd", { lr = math.huge } },
      { "sgd: lr: .* found %-?nan from the schedule after 0 steps", "sgd", { lr = function() return 0 / 0 end } },
      { "ema: decay: expected a number in 0..1, found 1.5", "ema", { decay = 1.5 } },
      { "ema: warmup: expected true or false, found 3", "ema", { warmup = 3 } },
    } do
      fails(case[1], function() optim[case[2]]({ w }, case[3]) end)
    end
    for _, case in ipairs { { "cosine: steps is missing", "cosine", {} }, { "cosine: floor: expected a number in 0..1, found 2", "cosine",
      { steps = 3, floor = 2 } }, { "linear: steps: expected a whole number >= 1, found 0", "linear", { steps = 0 } },
      { "step: factor: expected a number", "step", { factor = "x" } },
      { "cosine: warmup: expected a whole number >= 0", "cosine", { steps = 3, warmup = -1 } } } do
      fails(case[1], function() optim[case[2]](case[3]) end)
    end
    assert.is_function(optim.adam({ w }, { betas = { 0, 0 } }).step)
  end)

  it("puts a model back whose swap was left in the middle by a coroutine that is gone", function()
    local p = fm.parameter(fm.ones(3))
    local opt, ema = fm.optim.sgd({ p }, { lr = 1 }), fm.optim.ema({ p }, { decay = 0.5 })
    opt:step(function() return p:sum() end)
    ema:update()
    local own, average = p:totable(), nil
    local co = coroutine.create(function()
      ema:swap(function()
        average = p:totable()
        coroutine.yield()
      end)
    end)
    coroutine.resume(co)
    assert.error_matches(function() opt:step(function() return p:sum() end) end, "inside of swap")
    co = nil -- luacheck: ignore
    collectgarbage() collectgarbage()
    assert.is_nil(ema:swap(function() assert.same(average, p:totable()) end))
    assert.same(own, p:totable())
    assert.are_not.same(own, average)
    opt:step(function() return p:sum() end)
  end)
end)
