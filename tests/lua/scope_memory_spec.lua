-- What a scope that records nothing holds: nothing. Its tensors go as soon as nobody has them.
local fm <const> = require "fm"
local checks <const> = require "tests.lua.checks"

describe("memory of a scope", function()
  checks.no_bytes_stay(before_each, after_each)

  local number <const> = fm.real == "double" and 8 or 4

  local function live()
    collectgarbage()
    collectgarbage()
    return fm.live_bytes()
  end

  it("falls when a handle is collected", function()
    local x = fm.ones(1000)
    local scope <close> = fm.scope()
    local start = live()
    local made = { x + 1, x + 2, x + 3 }
    assert.equal(start + 3000 * number, live())
    made[2] = nil
    assert.equal(start + 2000 * number, live())
    assert.equal(4, made[3][1000])
    made = nil
    assert.equal(start, live())
    assert.equal(2, (x * 2)[1000])
  end)

  it("stays as long as a view or a detached tensor is there", function()
    local x = fm.ones(1000)
    local start, view, kept = live(), nil, nil
    do
      local scope <close> = fm.scope()
      view, kept = (x + 1):reshape(10, 100), (x + 2):detach()
      assert.equal(start + 2000 * number, live())
      assert.equal(2, view[10][100])
      assert.equal(3, kept[1000])
    end
    checks.raises("released when its tape closed", view.sum, view)
    assert.equal(start + 1000 * number, live())
    assert.equal(3, kept[1000])
  end)

  it("goes back at the end of the scope, with what is still held", function()
    local x = fm.ones(1000)
    local start, held = live(), {}
    do
      local scope <close> = fm.scope()
      for i = 1, 10 do held[i] = x + i end
      for i = 1, 10, 2 do held[i] = false end
      assert.equal(start + 5000 * number, live())
    end
    assert.equal(start, fm.live_bytes())
    checks.raises("released when its tape closed", held[2].sum, held[2])
  end)

  it("is each scope's own, in coroutines and within each other", function()
    local x = fm.ones(1000)
    local scope <close> = fm.scope()
    local start = live()
    local made = { x + 1 }
    local step = coroutine.wrap(function()
      local scope <close> = fm.scope()
      local inside = { x + 2, x + 3 }
      coroutine.yield()
      inside[1] = nil
      coroutine.yield(inside[2][1])
    end)
    step()
    made[2] = x + 4
    assert.equal(start + 4000 * number, live())
    assert.equal(4, step())
    assert.equal(start + 3000 * number, live())
    made[2] = nil
    assert.equal(start + 2000 * number, live())
    step()
    assert.equal(start + 1000 * number, live())
    assert.equal(2, made[1][1000])
  end)

  it("leaves to a tape what it recorded, handles or not", function()
    local w = fm.parameter(fm.full(1000, 3))
    local tape <close> = fm.record()
    local start = live()
    local y = (w * w):exp():log() -- the tape holds all three
    assert.equal(start + 3000 * number, live())
    do
      local scope <close> = fm.scope()
      assert.is_false(fm.needs_grad(y + 1))
    end
    y:sum():backward()
    assert.near(6, w:grad()[1000], 1e-4)
  end)

  -- 3 * 60 tensors, a few of which are in use at once.
  local function long(x)
    for i = 1, 60 do
      x = x * 0.5 + x * 0.5
      if i % 10 == 0 then collectgarbage() end
    end
    return x
  end

  -- The most that f holds, in tensors of `count` numbers.
  local function peak_of(count, f)
    local start = live()
    fm.peak_begin()
    f()
    return (fm.peak_bytes() - start) / (count * number)
  end

  local solves <const> = {
    { "a solve", { method = "heun", steps = 2 } },
    { "a solve with a step size for every row", { control = "sample", gradient = false } },
  }
  for _, solve in ipairs(solves) do
    it("is what " .. solve[1] .. " uses at once", function()
      local x = fm.ones(1000, 10)
      local peak = peak_of(10000, function() return (fm.ode.solve(function(y) return long(y) * 0 end, x, solve[2])) end)
      assert.is_true(peak < 70, ("%g tensors"):format(peak))
    end)
  end

  it("grows by what the collector is told, before it looks", function()
    local x, scope <close> = fm.ones(1 << 18), fm.scope()
    local peak = peak_of(1 << 18, function()
      for _ = 1, 500 do x = x * 0.5 + x * 0.5 end
    end)
    assert.is_true(peak < 300, ("%g tensors"):format(peak)) -- of 1500: 48 MB and half of what is in use
  end)
end)
