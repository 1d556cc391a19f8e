-- memory = "full" and "segments": what a recorded solve holds, that both give the same gradients,
-- and errors during backward.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local ode <const> = fm.ode
local double <const> = fm.real == "double"
local solves <const> = dofile "tests/lua/solve_gradients.lua"
local field <const>, with <const>, gradients <const>, near <const> = solves.field, solves.with, solves.gradients, solves.near

local memories <const> = { "full", "segments" }

local raises <const> = checks.raises

describe("gradients by segments", function()
  local w, x0
  before_each(function() w, x0 = solves.open() end)
  after_each(function()
    w, x0 = nil, nil
    assert.equal(0, solves.close())
    assert.is_false(fm.is_recording())
  end)

  it("agree between the two kinds of memory, over many steps", function()
    for _, steps in ipairs { 31, 32, 33, 64, 65, 333, 1500 } do
      for _, method in ipairs { "heun", "ab4" } do
        local o = { method = method, steps = steps, t1 = 2, save = 4 }
        near(gradients(field, x0, o), gradients(field, x0, with(o, { memory = "segments" })), double and 1e-12 or 1e-4)
      end
    end
    local o = { method = "rk45", rtol = 1e-8, atol = 1e-8, t1 = 10, save = 40 }
    if not double then o.rtol, o.atol = 1e-4, 1e-4 end
    near(gradients(field, x0, o), gradients(field, x0, with(o, { memory = "segments" })), double and 1e-12 or 1e-4)
  end)

  it("need one segment's activations at a time with memory = \"segments\"", function()
    local model = fm.nn.mlp { inputs = 2, hidden = { 64, 64 }, outputs = 2 }
    local start = fm.rng(1):normal(32, 2)
    local function peak(o)
      local most = 0
      local function watched(x)
        most = math.max(most, fm.live_bytes())
        return model(x)
      end
      for _, p in ipairs(model:parameters()) do p:zero_grad() end
      local now = fm.live_bytes()
      local tape <close> = fm.record()
      ode.solve(watched, start, o):sum():backward()
      return most - now
    end
    peak { method = "rk4", steps = 1 } -- the gradients of the parameters are there from now on
    local one = peak { method = "rk4", steps = 1 }
    for _, steps in ipairs { 10, 100, 400 } do
      local full = peak { method = "rk4", steps = steps }
      local segments = peak { method = "rk4", steps = steps, memory = "segments" }
      assert(full > 0.9 * steps * one, full / one)
      assert(segments < 1.5 * one * math.max(1, (steps / 32) ^ 0.5) + 2 * one, segments / one)
    end
    assert(peak { method = "rk45", rtol = 1e-5, atol = 1e-5, t1 = 20, memory = "segments" } < 6 * one)
  end)

  it("hold fewer states than steps, when there are many", function()
    local rate, start = fm.parameter(fm.tensor(-1)), fm.ones(1000)
    local tape <close> = fm.record()
    local now = fm.live_bytes()
    local x = ode.solve(function(x) return x * rate end, start, { method = "euler", steps = 3000, memory = "segments" })
    assert(fm.live_bytes() - now < 400 * 1000 * 8, fm.live_bytes() - now)
    x:sum():backward()
    assert.near(1000 * (1 - 1 / 3000) ^ 2999, rate:grad():item(), 1)
  end)

  it("can be asked for twice", function()
    for _, memory in ipairs(memories) do
      w:zero_grad()
      local tape <close> = fm.record()
      local x = ode.solve(field, x0, { method = "rk4", steps = 40, memory = memory }):sum()
      x:backward()
      local once = w:grad():reshape(-1):totable()
      x:backward()
      for i, g in ipairs(w:grad():reshape(-1):totable()) do assert.near(2 * once[i], g, 1e-4 * (1 + math.abs(g))) end
    end
  end)

  it("pass the field's own errors on as they are, also from the way back", function()
    local mine = setmetatable({}, { __tostring = function() return "mine" end })
    for _, memory in ipairs(memories) do
      for at = 1, memory == "full" and 8 or 16 do
        local calls = 0
        local ok, thrown = pcall(function()
          local tape <close> = fm.record()
          ode.solve(function(x)
            calls = calls + 1
            if calls == at then error(mine) end
            return field(x, 0)
          end, x0, { method = "rk4", steps = 2, memory = memory }):sum():backward()
        end)
        assert.same({ false, true, at }, { ok, thrown == mine, calls })
      end
    end
    assert(fm.gradcheck(function(x) return (ode.solve(field, x, { method = "rk4", steps = 2, memory = "segments" })) end, { x0, w }))
  end)

  it("refuse a yield, on the way there and on the way back", function()
    for _, memory in ipairs(memories) do
      for _, at in ipairs(memory == "full" and { 1, 3 } or { 1, 3, 6 }) do
        local calls = 0
        local co = coroutine.create(function()
          local tape <close> = fm.record()
          ode.solve(function(x)
            calls = calls + 1
            if calls == at then coroutine.yield() end
            return field(x, 0)
          end, x0, { method = "rk4", steps = 1, memory = memory }):sum():backward()
        end)
        local ok, message = coroutine.resume(co)
        assert.is_false(ok)
        assert.truthy(message:find "yield", message)
        coroutine.close(co)
      end
      local good = coroutine.wrap(function() return gradients(field, x0, { method = "rk4", steps = 2, memory = memory }) end)()
      near(gradients(field, x0, { method = "rk4", steps = 2, memory = memory }), good, 0)
    end
  end)

  it("tell of a field that gives other numbers the second time", function()
    local rng = fm.rng(1)
    local tape <close> = fm.record()
    local x = ode.solve(function(x) return x:matmul(w) + rng:normal(3, 2) end, x0, { method = "rk4", steps = 3, memory = "segments" })
    raises("gave other numbers than before.*dropout", function() x:sum():backward() end)
  end)
end)
