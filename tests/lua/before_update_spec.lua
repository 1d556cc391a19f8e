-- Between backward and the update of a step: opt:step(closure, { before_update = f }) and
-- opt:gradient().
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local nn <const>, optim <const>, flow <const> = fm.nn, fm.optim, fm.flow

local raises <const> = checks.raises

local function quadratic(w) return function() return (w - fm.tensor { 1, -2, 3 }):square():sum() end end

local kinds <const> = {
  { optim.adam, { lr = 0.1 } }, { optim.adamw, { lr = 0.1, weight_decay = 0.1 } },
  { optim.sgd, { lr = 0.05, momentum = 0.5 } }, { optim.sgd, { lr = 0.05 } },
}

-- Numbers of a state, by name.
local function listed(state)
  local all = {}
  for name, tensor in pairs(state) do all[name] = tensor:totable() end
  return all
end

describe("before_update", function()
  checks.no_bytes_stay(before_each, after_each)

  it("gets the gradient of each parameter side by side, in the order of the list", function()
    local a, b, c = fm.parameter(fm.ones(2, 3)), fm.parameter(fm.zeros()), fm.parameter(fm.ones(4))
    local opt, seen = optim.sgd({ a, b, c }, { lr = 1 }), nil
    opt:step(function() return (a * 2):sum() + b * 3 + (c * fm.tensor { 4, 5, 6, 7 }):sum() end,
      { before_update = function(g) seen = g:totable() end })
    assert.same({ 2, 2, 2, 2, 2, 2, 3, 4, 5, 6, 7 }, seen)
    assert.same({ -3, -4, -5, -6 }, { c[1], c[2], c[3], c[4] })
  end)

  it("changes nothing by itself, to the bit", function()
    for _, kind in ipairs(kinds) do
      for _, clip in ipairs { 0, 1 } do
        local ends = {}
        for i, f in ipairs { 0, function() end, function(g) return g:copy(g:clone()) end } do
          local w, idle = fm.parameter(fm.zeros(3)), fm.parameter(fm.ones(2)) -- idle has no gradient: weight decay leaves it alone
          local opt = kind[1]({ w, idle }, kind[2])
          local o = { clip = clip > 0 and clip or nil, before_update = f ~= 0 and f or nil }
          local losses = {}
          for k = 1, 5 do losses[k] = opt:step(quadratic(w), o) end
          assert.same({ 1, 1 }, idle:totable())
          ends[i] = { losses, w:totable(), listed(opt:state()), opt.grad_norm }
        end
        assert.same(ends[1], ends[2])
        assert.same(ends[1], ends[3])
      end
    end
  end)

  it("comes before the norm is taken and clipped, and what it writes is what the step takes", function()
    local w = fm.parameter(fm.zeros(3))
    local opt = optim.sgd({ w }, { lr = 1 })
    opt:step(quadratic(w), { clip = 1, before_update = function(g) g:copy(fm.tensor { 0, 3, 4 }) end })
    assert.near(5, opt.grad_norm, 1e-6)
    assert.near(-0.8, w[3], 1e-6)
    opt:step(quadratic(w), { before_update = function(g) g:fill(0) end })
    assert.near(-0.8, w[3], 1e-6)
    opt:step(quadratic(w), { before_update = function(g) g[1] = -1; g[2] = 0; g[3] = 0 end })
    assert.near(1, w[1], 1e-6)
  end)

  it("is called with the gradients at hand too, and not for a loss that is not finite", function()
    local w, calls = fm.parameter(fm.zeros(3)), 0
    local opt = optim.sgd({ w }, { lr = 1 })
    local o = { before_update = function() calls = calls + 1 end }
    opt:step(nil, o)
    assert.same({ 1, { 0, 0, 0 } }, { calls, w:totable() })
    opt:step(function() return (w / 0):sum() end, o)
    assert.equal(1, calls)
  end)

  it("leaves all as it was when it raises, or writes what is not finite", function()
    for _, kind in ipairs(kinds) do
      for _, in_coroutine in ipairs { false, true } do
        local w = fm.parameter(fm.zeros(3))
        local opt = kind[1]({ w }, kind[2])
        opt:step(quadratic(w))
        local numbers, state = w:totable(), listed(opt:state())
        local call = in_coroutine and function(f, ...) return select(2, coroutine.wrap(function(...) return nil, f(...) end)(...)) end
          or function(f, ...) return f(...) end
        local function step(f) return function() call(opt.step, opt, quadratic(w), { clip = 1, before_update = f }) end end
        raises("in the hook", step(function(g) g:fill(7) error "in the hook" end))
        raises("the gradient of parameter 1 is nan", step(function(g) g[2] = 0 / 0 end))
        raises("the gradient of parameter 1 is infinite", step(function(g) g[2] = math.huge end))
        assert.same({ numbers, state }, { w:totable(), listed(opt:state()) })
        opt:zero_grad()
        opt:step(quadratic(w), { clip = 1, before_update = function() end })
        local other = fm.parameter(fm.zeros(3))
        local plain = kind[1]({ other }, kind[2])
        plain:step(quadratic(other))
        plain:step(quadratic(other), { clip = 1 })
        assert.same(other:totable(), w:totable())
      end
    end
  end)

  it("refuses what is no function, a result, and a step from within", function()
    local w = fm.parameter(fm.zeros(3))
    local opt = optim.adam({ w })
    raises("step: before_update: expected a function of the gradient, found 3", opt.step, opt, quadratic(w), { before_update = 3 })
    raises('step: unknown option "before_udpate"; did you mean "before_update"', opt.step, opt, quadratic(w), { before_udpate = print })
    raises("step: before_update returned a tensor: expected nothing; write into the gradient", opt.step, opt, quadratic(w),
      { before_update = function(g) return g * 2 end })
    raises("step: before_update must not call step of the same optimizer", opt.step, opt, quadratic(w), { before_update = function() opt:step() end })
    raises("gradient: unexpected argument 1", opt.gradient, opt, 1)
    assert.equal(0, opt.steps_taken)
    opt:step(quadratic(w))
    assert.equal(1, opt.steps_taken)
  end)

  it("gives back what it makes", function()
    local w, kept = fm.parameter(fm.zeros(3)), nil
    local opt = optim.adam({ w })
    opt:step(quadratic(w), { before_update = function(g) kept = { g * 2, (g * 2):detach() } end })
    raises("released when its tape closed", function() return kept[1] + 1 end)
    assert.near(-2 * 2, kept[2][1], 1e-5)
  end)

  it("counts every number of a parameter without a gradient as none, as long as all are zero", function()
    local a, b = fm.parameter(fm.ones(3)), fm.parameter(fm.ones(2))
    local opt = optim.adamw({ a, b }, { lr = 0.1, weight_decay = 0.5 })
    opt:step(quadratic(a), { before_update = function(g) assert.same({ 0, 0 }, g[{ 4, 5 }]:totable()) end })
    assert.same({ 1, 1 }, b:totable())
    opt:step(quadratic(a), { before_update = function(g) g[5] = 1 end })
    assert.is_true(b[1] < 1 and b[2] < b[1])
    local now = b:totable()
    opt:step(quadratic(a), { before_update = function() end })
    assert.same(now, b:totable())
    opt:step(quadratic(a))
    assert.same(now, b:totable())
  end)

  -- ---- what it is for ----

  local function network()
    nn.seed(3)
    return nn.vector_field { dim = 2, hidden = 8, time_embed = 4 }
  end
  local x1, x0, t = fm.rng(1):normal(8, 2), fm.rng(2):normal(8, 2), fm.rng(3):uniform(8)
  local function loss_of(model, first, last)
    return flow.loss(model, x1[{ first, last }], { x0 = x0[{ first, last }], t = t[{ first, last }] })
  end

  it("averages the gradients of several processes: the step is that of the whole batch", function()
    local whole, halves, sums = network(), { network(), network() }, {}
    local one, both = optim.adam(whole), { optim.adam(halves[1]), optim.adam(halves[2]) }
    for _ = 1, 3 do
      one:step(function() return loss_of(whole, 1, 8) end)
      for i = 1, 2 do -- what each has to say; then all have the mean, as after an all-reduce
        pcall(both[i].step, both[i], function() return loss_of(halves[i], 4 * i - 3, 4 * i) end,
          { before_update = function(g) sums[i] = g:clone():detach() error "wait for the others" end })
      end
      local mean = (sums[1] + sums[2]) / 2
      for i = 1, 2 do both[i]:step(nil, { before_update = function(g) g:copy(mean) end }) end
      assert.same(halves[1].net.parts[1][2].weight:totable(), halves[2].net.parts[1][2].weight:totable())
    end
    for i, p in ipairs(whole:parameters()) do assert.near(0, (p - halves[1]:parameters()[i]):abs():max():item(), 2e-6) end
  end)

  it("accumulates gradients over batches", function()
    local whole, parts = network(), network()
    local one, many = optim.sgd(whole, { lr = 0.1 }), optim.sgd(parts, { lr = 0.1 })
    one:step(function() return loss_of(whole, 1, 8) end)
    local sum = fm.zeros(parts:count())
    for i = 1, 4 do
      local tape <close> = fm.record()
      many:zero_grad()
      loss_of(parts, 2 * i - 1, 2 * i):backward()
      sum:copy(sum + many:gradient())
    end
    many:gradient():copy(sum / 4)
    many:step()
    for i, p in ipairs(whole:parameters()) do assert.near(0, (p - parts:parameters()[i]):abs():max():item(), 1e-6) end
  end)

  it("adds noise to the gradient, by a stream", function()
    local function train(scale)
      local model, rng = network(), fm.rng(5)
      local opt = optim.adam(model)
      for _ = 1, 3 do
        opt:step(function() return loss_of(model, 1, 8) end, { before_update = function(g) g:copy(g + rng:normal(#g) * scale) end })
      end
      return model:parameters()[1]:totable()
    end
    assert.same(train(0.1), train(0.1))
    assert.are_not.same(train(0.1), train(0.2))
  end)

  -- ---- opt:gradient ----

  it("shows the gradients at hand, and takes what is written there", function()
    local w, idle = fm.parameter(fm.zeros(3)), fm.parameter(fm.ones(2))
    local opt = optim.sgd({ w, idle }, { lr = 1 })
    assert.same({ 0, 0, 0, 0, 0 }, opt:gradient():totable())
    do
      local tape <close> = fm.record()
      quadratic(w)():backward()
    end
    local g = opt:gradient()
    assert.same({ -2, 4, -6, 0, 0 }, g:totable())
    g[1] = 5
    assert.equal(5, w:grad()[1])
    do
      local tape <close> = fm.record()
      w:sum():backward() -- adds up
    end
    assert.same({ 6, 5, -5, 0, 0 }, g:totable())
    opt:step()
    assert.same({ { -6, -5, 5 }, { 1, 1 } }, { w:totable(), idle:totable() })
    assert.same({ 0, 0, 0, 0, 0 }, opt:gradient():totable())
    opt:gradient()[4] = 1
    opt:step()
    assert.same({ 0, 1 }, idle:totable())
    opt:gradient()[4] = 1
    opt:zero_grad()
    opt:step()
    assert.same({ 0, 1 }, idle:totable())
  end)

  it("works for parameters that two optimizers share", function()
    local a, b, c = fm.parameter(fm.zeros(2)), fm.parameter(fm.zeros(1)), fm.parameter(fm.zeros(2))
    local first, second, third = optim.sgd({ a, b, c }, { lr = 1 }), optim.sgd({ c, a }, { lr = 1 }), optim.sgd({ b, c }, { lr = 1 })
    local function loss() return (a * fm.tensor { 1, 2 }):sum() + b * 3 + (c * fm.tensor { 4, 5 }):sum() end
    local seen = {}
    local function look(name) return { before_update = function(g) seen[name] = g:totable() g:copy(g * 2) end } end
    for _ = 1, 2 do
      first:step(loss, look "first")
      second:step(loss, look "second")
      third:step(loss, look "third")
      assert.same({ first = { 1, 2, 3, 4, 5 }, second = { 4, 5, 1, 2 }, third = { 3, 4, 5 } }, seen)
    end
    assert.same({ { -8, -16 }, { -24 }, { -48, -60 } }, { a:totable(), b:totable(), c:totable() })
    first:step(loss)
    assert.same({ { -9, -18 }, { -27 }, { -52, -65 } }, { a:totable(), b:totable(), c:totable() })
  end)

  it("is empty for parameters without numbers, and one number for one", function()
    local none, one = fm.parameter(fm.zeros(0, 3)), fm.parameter(fm.zeros())
    assert.same({ 0 }, optim.adam({ none }):gradient():shape())
    local opt = optim.sgd({ none, one }, { lr = 1 })
    opt:step(function() return one * 2 end, { before_update = function(g) g[1] = g[1] + 1 end })
    assert.equal(-3, one:item())
  end)
end)
