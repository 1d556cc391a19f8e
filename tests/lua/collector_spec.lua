-- What the collector does to tapes and scopes that nobody closed, at any moment of a program.
local fm <const> = require "fm"

describe("collector", function()
  local before
  setup(function()
    collectgarbage() collectgarbage()
    before = fm.live_bytes()
  end)
  teardown(function()
    collectgarbage "restart"
    collectgarbage() collectgarbage()
    assert.equal(before, fm.live_bytes())
  end)

  local w <const> = fm.parameter(fm.ones(64, 8))

  -- w * 2, on a tape that nobody closes.
  local function leak()
    local tape = fm.record() -- luacheck: ignore
    return w * 2
  end

  local function collect()
    collectgarbage() collectgarbage()
  end

  it("leaves what a forgotten tape made to those who hold it, and nothing records", function()
    local y = leak()
    assert.is_true(fm.is_recording())
    collect()
    assert.is_false(fm.is_recording())
    assert.equal(2, y[64][8])
    assert.is_nil(y:grad())
    assert.matches("nothing here was recorded", select(2, pcall(function() y:sum():backward() end)))
  end)

  it("leaves what a forgotten scope made, unless it is closed", function()
    local function inside(close)
      local scope = fm.scope()
      local y = w * 2
      if close then scope:close() end
      return y
    end
    local kept, lost = inside(false), inside(true)
    collect()
    assert.equal(2, kept[1][1])
    assert.is_false(pcall(kept.sum, lost))
  end)

  -- Each call gets a tensor of a forgotten tape, and is made while the collector is eager.
  local calls <const> = {
    ["y + 1"] = function(y) return (y + 1)[64] end,
    ["1 - y"] = function(y) return 5 - (1 - y)[64] - 3 end,
    ["y - 1"] = function(y) return (y - 1)[64] + 2 end,
    maximum = function(y) return y:maximum(-1)[64] + 1 end,
    where = function(y) return y:where(y, 0)[64] + 1 end,
    clone = function(y) return y:clone()[64] + 1 end,
    detach = function(y) return y:detach()[64] + 1 end,
    parameter = function(y) return fm.parameter(y):detach()[64] + 1 end,
    tensor = function(y) return fm.tensor(y)[64] + 1 end,
    cat = function(y) return fm.cat({ y, y, y, y, y, y }, 1)[384] + 1 end,
    softmax = function(y) return y:softmax(1)[64] * 192 end,
    layer_norm = function(y) return y:layer_norm(fm.ones(8), fm.ones(8) * 3)[64] end,
    gather = function(y) return y:index_select(fm.full(1, 64))[1] + 1 end,
    totable = function(y) return fm.tensor(y:totable()[64]) + 1 end,
    tostring = function(y) return tostring(y):find "{2, 2, 2, 2, 2, 2, 2, 2}" and fm.full(8, 3) end,
    assignment = function(y) return fm.metrics.assignment(y[{ 1, 8 }])[{ 1, 8 }] * 0 + 3 end,
    pca = function(y) return select(3, fm.metrics.pca(y + fm.rng(1):normal(64, 8) * 1e-9, 2)) + 1 end,
    wasserstein2 = function(y) return fm.full(8, fm.metrics.wasserstein2(y, y - 1)) - math.sqrt(8) + 3 end,
    sliced = function(y) return fm.full(8, fm.metrics.sliced_wasserstein2(y, y, { projections = 3 })) + 3 end,
    frechet = function(y) return fm.full(8, fm.metrics.frechet_distance(y, y)) + 3 end,
    mmd = function(y) return fm.full(8, fm.metrics.mmd(y, y)) + 3 end,
    path = function(y) return (fm.flow.path "linear":sample(y, y, fm.full(64, 0.5)))[64] + 1 end,
    solve = function(y) return fm.ode.solve(function(x) return x * 0 end, y, { method = "euler", steps = 2 })[64] + 1 end,
    rows = function(y) return fm.ode.solve(function(x) return x * 0 end, y, { control = "sample", gradient = false })[64] + 1 end,
    copy = function(y) return fm.zeros(64, 8):copy(y)[64] + 1 end,
    row = function(y) return y[64] + 1 end,
    rows_of = function(y) return y[{ 3, 64 }][62] + 1 end,
    custom = function(y)
      return fm.custom { forward = function(x) return x + 1 end, backward = print }(y)[64]
    end,
    save = function(y)
      local path = os.tmpname()
      assert(fm.save(path, { y = y, z = y }, { note = "x" }))
      local loaded = fm.load(path)
      assert(fm.npy.save(path, y))
      local npy = fm.npy.load(path)
      os.remove(path)
      return (loaded.y + npy)[64] - 1
    end,
  }

  local names = {}
  for name in pairs(calls) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    it("never shows a stranger's numbers: " .. name, function()
      local call, wrong = calls[name], nil
      collectgarbage("incremental", 100, 1000)
      for i = 1, 100 do
        local y = leak()
        -- Finalizers of the script's own run in the middle of calls too: they make tensors and
        -- tapes, and close what they find.
        local tape = fm.record()
        setmetatable({}, { __gc = function()
          _G.FINALIZED = fm.full({ 64, 8 }, -777)
          local scope <close> = fm.record()
          _G.FINALIZED = _G.FINALIZED * 2
          tape:close()
        end })
        local got = call(y):totable()
        for k = 1, 8 do
          if not (math.abs(got[k] - 3) < 2e-3) then wrong = ("call %d: entry %d is %g"):format(i, k, got[k]) end
        end
      end
      collectgarbage "generational"
      collect() -- the last finalizers run here
      _G.FINALIZED = nil
      collect()
      assert.is_nil(wrong)
    end)
  end

  it("finds forgotten tapes when memory is short, and the call goes on", function()
    collect()
    collectgarbage "stop"
    local y = leak()
    for _ = 1, 20 do leak() end
    fm.memory_limit(fm.live_bytes() + 64)
    local ok, z = pcall(function() return y:exp() end)
    fm.memory_limit(0)
    collectgarbage "restart"
    assert.is_true(ok, z)
    assert.near(math.exp(2), z[64][8], 1e-5)
    assert.is_false(fm.is_recording())
  end)

  it("makes no optimizer in a finalizer, which would move numbers that are being read", function()
    local message
    do
      setmetatable({}, { __gc = function() message = select(2, pcall(fm.optim.adam, { fm.parameter(fm.ones(2)) })) end })
    end
    collect()
    assert.matches("cannot be made in a finalizer", message)
  end)

  -- ---- coroutines ----

  it("records nothing for a coroutine that an error ended, or that was put aside", function()
    local p = fm.parameter(fm.ones(3))
    local died = coroutine.create(function()
      local tape <close> = fm.record()
      error "bad batch"
    end)
    assert.is_false(coroutine.resume(died))
    assert.is_false(fm.is_recording())
    local waiting = coroutine.wrap(function()
      local tape <close> = fm.record()
      for i = 1, 10 do coroutine.yield(p * i) end
    end)
    waiting()
    assert.is_false(fm.is_recording())
    local data = fm.ones(1000) * 2
    died, waiting = nil, nil -- luacheck: ignore
    collect()
    assert.equal(2, data[1000])
  end)

  it("ends a tape whose coroutine has returned without closing it", function()
    local tape
    coroutine.wrap(function() tape = fm.record() end)()
    assert.is_false(fm.is_recording())
    assert.is_false(fm.needs_grad(w * 2))
    tape:close()
  end)

  it("records for a coroutine on the tape of the one who resumed it", function()
    local p = fm.parameter(fm.ones(3))
    local tape <close> = fm.record()
    local y
    coroutine.wrap(function()
      coroutine.wrap(function() y = p * 3 end)()
    end)()
    y:sum():backward()
    assert.same({ 3, 3, 3 }, p:grad():totable())
  end)

  it("keeps trainings apart that run in turn", function()
    local function training(seed, yields)
      local m = fm.parameter(fm.rng(seed):normal(3, 3))
      local opt = fm.optim.sgd({ m }, { lr = 0.1 })
      local x = fm.rng(seed, "x"):normal(5, 3)
      return function()
        for _ = 1, 5 do
          opt:step(function()
            local h = x:matmul(m)
            if yields then coroutine.yield() end
            local y = h:tanh()
            if yields then coroutine.yield() end
            return (y * y):sum()
          end)
        end
        return m:clone():totable()
      end
    end
    local want, got, alive = { training(1)(), training(2)(), training(3)() }, {}, true
    local all = {}
    for i = 1, 3 do all[i] = coroutine.create(training(i, true)) end
    while alive do
      alive = false
      for i, co in ipairs(all) do
        if coroutine.status(co) == "suspended" then
          alive = true
          local ok, result = coroutine.resume(co)
          assert(ok, result)
          got[i] = result
        end
      end
    end
    assert.same(want, got)
  end)

  it("keeps a solve that was left in the middle from harming anybody", function()
    local kept = {}
    local co = coroutine.create(function()
      fm.ode.solve(function(x)
        kept[1] = x
        error "enough"
      end, fm.ones(2, 2), { method = "euler", steps = 3 })
    end)
    assert.is_false(coroutine.resume(co))
    local data = fm.ones(1000) * 2
    co = nil -- luacheck: ignore
    collect()
    assert.equal(2, data[1000])
    assert.is_false(fm.is_recording())
    assert.is_string(tostring(kept[1]))
  end)

  it("gives no method that frees an object", function()
    for _, object in ipairs { fm.rng(1), fm.scope(), fm.flat { fm.parameter(fm.ones(1)) } } do
      for _, name in ipairs { "__gc", "__close", "__index" } do
        local ok, value = pcall(function() return object[name] end)
        assert.is_true(not ok or value == nil, name)
      end
    end
  end)
end)
