local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"

describe("tape", function()
  checks.no_bytes_stay(setup, teardown)

  local function fails(pattern, f, ...)
    local ok, message = pcall(f, ...)
    assert.is_false(ok)
    assert.matches(pattern, message)
  end

  it("accumulates gradients until they are cleared", function()
    local w = fm.parameter(fm.tensor { 1, 2 })
    for k = 1, 2 do
      local tape <close> = fm.record()
      w:square():sum():backward()
      assert.same({ 2 * k, 4 * k }, w:grad():totable())
    end
    w:zero_grad()
    assert.is_nil(w:grad())
  end)

  it("goes backward twice over one tape", function()
    local w = fm.parameter(fm.tensor { 3 })
    local tape <close> = fm.record()
    local y = w:square():exp():log():sum()
    y:backward()
    y:backward()
    assert.near(12, w:grad()[1], 1e-4)
  end)

  it("follows one leaf alone when asked: parameters are constants there", function()
    local model = fm.nn.vector_field { dim = 3, hidden = 8, time_embed = 4 }
    local points, weights = fm.rng(5):normal(4, 3), fm.rng(6):normal(4, 3)
    local x = fm.parameter(points)
    local want
    do
      local tape <close> = fm.record()
      model(x, 0.3):backward(weights)
      want = x:grad():totable()
    end
    x:zero_grad()
    for _, p in ipairs(model:parameters()) do p:zero_grad() end
    local scope <close> = fm.record()
    local held = model:parameters()[1] * 2
    do
      local tape <close> = fm.record(x)
      local v = model(x, 0.3) + held:sum() * 0
      for _ = 1, 2 do v:backward(weights) end
      assert.is_false(fm.needs_grad(held:sum(), model:parameters()[1] * 2, fm.cat(held, held, held, held, held, 1)))
    end
    for i, row in ipairs((x:grad() / 2):totable()) do
      for j, value in ipairs(row) do assert.near(want[i][j], value, 1e-6) end
    end
    for _, p in ipairs(model:parameters()) do
      assert.is_nil(p:grad())
      assert.is_true(p:sum():item() == p:sum():item()) -- its numbers are still there
    end
    held:sum():backward() -- the tape around it goes on
    assert.equal(2, model:parameters()[1]:grad():reshape(-1)[1])
    fails("expected a parameter", fm.record, points)
    fails("expected a parameter", fm.record, held)
  end)

  it("follows one leaf through custom ops", function()
    local twice = fm.custom { forward = function(a, b) return a * b end, backward = function(_, dy) return dy * 2, dy * 3 end }
    local x, w = fm.parameter(fm.ones(2)), fm.parameter(fm.ones(2))
    local tape <close> = fm.record(x)
    twice(x, w):sum():backward()
    assert.same({ 2, 2 }, x:grad():totable())
    assert.is_nil(w:grad())
  end)

  it("lets gradients through views", function()
    local w = fm.parameter(fm.tensor { { 1, 2 }, { 3, 4 } })
    local tape <close> = fm.record()
    local y = w[2] * 10 + w:reshape(4)[{ 1, 2 }]
    y:sum():backward()
    assert.same({ { 1, 1 }, { 10, 10 } }, w:grad():totable())
  end)

  it("takes a parameter, or a view of one, for a loss: its derivative is 1", function()
    local w = fm.parameter(fm.tensor { { 1, 2 }, { 3, 4 } })
    local tape <close> = fm.record()
    w:reshape(4):backward(fm.tensor { 1, 2, 3, 4 })
    w[2]:backward(fm.tensor { 10, 10 })
    assert.same({ { 1, 2 }, { 13, 14 } }, w:grad():totable())
  end)

  it("releases what it made, and says so", function()
    local w, kept, lost = fm.parameter(fm.tensor { 1 }), nil, nil
    do
      local tape <close> = fm.record()
      lost = w * 2
      kept = (w * 3):detach()
    end
    assert.same({ 3 }, kept:totable())
    fails("released when its tape closed", function() return lost + 1 end)
    assert.matches("released", tostring(lost))
  end)

  it("refuses writes that would spoil a gradient", function()
    local w, x = fm.parameter(fm.tensor { 1 }), fm.tensor { 2 }
    local tape <close> = fm.record()
    local y = (w * x):sum()
    fails("open tape", function() x:fill(3) end)
    fails("open tape", function() x[1] = 3 end)
    y:backward()
    assert.same({ 2 }, w:grad():totable())
  end)

  it("refuses to go backward past an update", function()
    local w = fm.parameter(fm.tensor { 1 })
    local opt = fm.optim.sgd({ w }, { lr = 0.1 })
    local tape <close> = fm.record()
    local y = w:square():sum()
    y:backward()
    opt:step()
    fails("changed by an optimizer", function() y:backward() end)
  end)

  it("refuses a loss it never saw", function()
    fails("nothing here was recorded", function() fm.tensor(1):backward() end)
    local w = fm.parameter(fm.tensor { 1, 2 })
    local tape <close> = fm.record()
    fails("reduce it to one number", function() (w * 2):backward() end)
    fails("%[2%], the gradient given is %[3%]", function() (w * 2):backward(fm.ones(3)) end)
  end)

  it("closes in any order, and on errors", function()
    local w = fm.parameter(fm.tensor { 1 })
    local a = fm.record()
    local y = w * 2
    local b = fm.record()
    local z = y * 3
    a:close()
    fails("released", function() z:backward() end)
    b:close()
    pcall(function()
      local tape <close> = fm.record()
      local _ = w * 2
      error "thrown inside"
    end)
    assert.is_false(fm.is_recording())
  end)

  it("runs ops written in Lua", function()
    local cube = fm.custom {
      forward = function(x) return x * x * x, x end,
      backward = function(x, dy) return dy * x * x * 3 end,
    }
    local w = fm.parameter(fm.tensor { 1, 2, 3 })
    assert(fm.gradcheck(function(x) return cube(x) end, { w }))
    local broken = fm.custom { forward = function(x) return x * 1 end, backward = function() return fm.ones(7) end }
    fails("input 1 is %[3%], its gradient is %[7%]", function()
      local tape <close> = fm.record()
      broken(w):sum():backward()
    end)
    fails("inside backward", function()
      local tape <close> = fm.record()
      fm.custom { forward = function(x) return x * 1 end, backward = function() error "inside backward" end }(w):sum():backward()
    end)
    local mine = {}
    local ok, thrown = pcall(function()
      local tape <close> = fm.record()
      fm.custom { forward = function(x) return x * 1 end, backward = function() error(mine) end }(w):sum():backward()
    end)
    assert.same({ false, true }, { ok, thrown == mine }) -- as it was thrown
    assert.same({ 1, 8, 27 }, cube(w):totable())
  end)

  it("lets a backward function go back over a tape of its own", function()
    local w, x = fm.parameter(fm.tensor { 3 }), fm.parameter(fm.tensor { 5 })
    local tape <close> = fm.record()
    local scale = w * 2 -- used inside, without being an input
    local times_scale = fm.custom {
      forward = function(v) return v * scale, v end,
      backward = function(v, dy)
        local scope <close> = fm.record()
        local leaf = fm.parameter(v)
        local y = leaf * scale
        y:backward(dy)
        return leaf:grad()
      end,
    }
    local y = times_scale(x)
    y:backward(fm.ones(1))
    assert.same({ { 6 }, { 10 } }, { x:grad():totable(), w:grad():totable() })
    scale = scale * 1 -- recorded after the custom op: the walk is past it already
    fails("recorded on another tape", function() (y + scale):backward(fm.ones(1)) end)
  end)

  it("records in a coroutine", function()
    local w = fm.parameter(fm.tensor { 2 })
    local double = fm.custom { forward = function(x) return x * 2 end, backward = function(_, dy) return dy * 2 end }
    local co = coroutine.wrap(function()
      local tape <close> = fm.record()
      local y = double(w):sum()
      coroutine.yield()
      y:backward()
    end)
    co()
    co()
    assert.same({ 2 }, w:grad():totable())
  end)
end)
