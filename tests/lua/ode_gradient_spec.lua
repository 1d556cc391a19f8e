-- Gradients through a solve: right for every method, and the solve itself unchanged. Memory and
-- trouble: ode_segments_spec.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local ode <const> = fm.ode
local double <const> = fm.real == "double"
local in_double <const> = checks.in_double(it)
local solves <const> = dofile "tests/lua/solve_gradients.lua"
local field <const>, flat <const>, with <const>, gradients <const>, near <const> = solves.field, solves.flat, solves.with, solves.gradients, solves.near

local fixed <const> = { "euler", "midpoint", "heun", "heun3", "ralston", "rk4", "rk4_38", "ab2", "ab3", "ab4" }
local adaptive <const> = { "rk23", "rk45", "dop853", "tsit5", "adaptive_heun", "bosh3", "dopri5" }
local memories <const> = { "full", "segments" }

local raises <const> = checks.raises

describe("gradients through a solve", function()
  local w, x0
  before_each(function() w, x0 = solves.open() end)
  after_each(function()
    w, x0 = nil, nil
    assert.equal(0, solves.close())
    assert.is_false(fm.is_recording())
  end)

  local function check(o)
    for _, memory in ipairs(memories) do
      local function solve(x)
        local y, info = ode.solve(field, x, with(o, { memory = memory }))
        return flat(y, info.states)
      end
      local ok, message = fm.gradcheck(solve, { x0, w })
      if not ok then error(("%s, %s: %s"):format(tostring(o.method), memory, message)) end
    end
  end

  it("are those of differences, for every method of fixed steps", function()
    for _, method in ipairs(fixed) do
      check { method = method, steps = 6, t0 = 1, t1 = -0.3, save = 4 }
      check { method = method, steps = 5, grid = "cosine", t1 = 0.8, save = "steps" }
      check { method = method, times = { 0, 0.4, 0.5 } }
    end
    for _, method in ipairs { "midpoint", "heun3", "rk4", "rk45", "dop853" } do -- between the steps
      check { method = method, steps = 3, times = { 0.1, 0.2, 0.3, 0.6, 0.99 } }
    end
  end)

  it("are those of differences, for every method with error control", function()
    local tight = double and 1e-9 or 1e-4
    for _, method in ipairs(adaptive) do
      local rough = method == "adaptive_heun" or method == "rk23" or method == "bosh3"
      check { method = method, rtol = rough and 1e-6 or tight, atol = rough and 1e-6 or tight, times = { 0, 0.3, 0.31, 0.7 } }
      check { method = method, rtol = rough and 1e-6 or tight, atol = rough and 1e-6 or tight, t0 = 0.6, t1 = 0 }
    end
  end)

  it("count the accepted steps as given, whatever was rejected on the way", function()
    local function stiff(x, t) return x:matmul(w) * (20 * math.sin(40 * t)) end
    for _, method in ipairs { "rk23", "rk45", "dop853", "tsit5", "adaptive_heun" } do
      local without_control = dofile("lua/fm/ode/" .. method .. ".lua")
      without_control.e, without_control.e3, without_control.closes = nil, nil, nil
      for _, memory in ipairs(memories) do
        local o = { method = method, rtol = 1e-3, atol = 1e-3, save = "steps", memory = memory }
        local got, info = gradients(stiff, x0, o)
        assert(info.rejected > 0, method)
        local want, again = gradients(stiff, x0, { method = without_control, times = info.times })
        assert.equal(info.steps, again.steps)
        near(want, got, double and 1e-12 or 1e-4)
      end
    end
  end)

  it("leave the solve as it is, to the last bit", function()
    for _, methods in ipairs { fixed, adaptive } do
      for _, method in ipairs(methods) do
        local o = methods == fixed and { method = method, steps = 9, t1 = -1, save = "steps" }
          or { method = method, rtol = 1e-4, atol = 1e-4, t1 = 2, times = { 0, 0.5, 0.6, 1.9 } }
        local x, info = ode.solve(field, x0, o)
        for _, memory in ipairs(memories) do
          local tape <close> = fm.record()
          local y, recorded = ode.solve(field, x0, with(o, { memory = memory }))
          assert.same({ x:totable(), info.states:totable() }, { y:totable(), recorded.states:totable() })
          for _, name in ipairs { "nfe", "accepted", "rejected", "steps", "status", "t", "times" } do
            assert.same(info[name], recorded[name])
          end
        end
      end
    end
  end)

  in_double("solve the reference's problem y' = y^3 A", function()
    local A = fm.parameter(fm.tensor { { -0.1, 2 }, { -2, -0.1 } })
    local y0 = fm.parameter(fm.tensor { { 2, 0 } })
    local times = {}
    for i = 1, 10 do times[i] = 25 * (i - 1) / 9 end
    for _, memory in ipairs(memories) do
      local function solve(y, a)
        local _, info = ode.solve(function(x) return (x ^ 3):matmul(a) end, y,
          { method = "dopri5", times = times, t1 = 25, rtol = 1e-9, atol = 1e-9, memory = memory })
        return info.states
      end
      -- The steps themselves move with y0 and A when differences are taken: the limits are the
      -- reference's.
      assert(fm.gradcheck(solve, { y0, A:detach() }, { tolerance = 3e-4, eps = 1e-5 }))
      assert(fm.gradcheck(solve, { y0:detach(), A }, { tolerance = 2e-3, eps = 1e-5 }))
    end
  end)

  it("reach parameters when x0 has none, and what was recorded before the solve", function()
    local constant = fm.tensor { { 1, 2 }, { 3, 4 } }
    for _, memory in ipairs(memories) do
      assert(fm.gradcheck(function()
        return (ode.solve(field, constant, { method = "rk4", steps = 3, memory = memory }))
      end, { w }))
      assert(fm.gradcheck(function(x)
        local condition = w:square() -- on the tape, outside of the solve
        return (ode.solve(function(y) return (y:matmul(condition)):sin() end, x * 2, { method = "heun", steps = 3, memory = memory }))
      end, { x0, w }))
      local x = ode.solve(function(y) return y * 2 end, constant, { method = "euler", steps = 2, memory = memory })
      raises("nothing here was recorded", function() x:sum():backward() end)
    end
  end)

  it("reach one leaf alone on a tape for it", function()
    local with_all = gradients(field, x0, { method = "rk4", steps = 3 })
    w:zero_grad()
    x0:zero_grad()
    local tape <close> = fm.record(x0)
    local x = ode.solve(field, x0, { method = "rk4", steps = 3 })
    x:backward(fm.rng(3):normal(6):reshape(3, 2))
    assert.same({ with_all[3] }, { x0:grad():reshape(-1):totable(), w:grad() })
    raises("needs a tape for all parameters", ode.solve, field, x0, { method = "rk4", memory = "segments" })
  end)

  it("flow through a solve in a solve", function()
    for _, outer in ipairs(memories) do
      for _, inner in ipairs(memories) do
        assert(fm.gradcheck(function(x)
          return (ode.solve(function(y)
            return (ode.solve(function(z) return z:matmul(w):tanh() end, y, { method = "rk4", steps = 2, memory = inner }))
          end, x, { method = "heun", steps = 2, memory = outer }))
        end, { x0, w }))
      end
    end
  end)

  it("flow through a user's tableau and step function", function()
    local ssp3 = { order = 3, c = { 0, 1, 1 / 2 }, a = { {}, { 1 }, { 1 / 4, 1 / 4 } }, b = { 1 / 6, 1 / 6, 2 / 3 } }
    local start3 = with(ssp3, { history = 3 }) -- Adams and Bashforth's, begun by it
    local function midpoint(f, t, y, h) return y + f(y + f(y, t) * (h / 2), t + h / 2) * h end
    for _, method in ipairs { ssp3, start3, midpoint, { order = 2, step = midpoint } } do
      check { method = method, steps = 5, save = 3 }
      local o = { method = method, steps = 90 }
      near(gradients(field, x0, o), gradients(field, x0, with(o, { memory = "segments" })), double and 1e-12 or 1e-4)
    end
  end)

  it("take starts of any shape, no steps, a budget, and events that do not end the solve", function()
    for _, memory in ipairs(memories) do
      local function doubled(o)
        return function(x)
          local y, info = ode.solve(function(z) return z:sin() end, x, with({ method = "rk4", memory = memory }, o))
          return flat(y, info.states)
        end
      end
      for _, shape in ipairs { {}, { 3 }, { 2, 1, 2, 1, 2 } } do
        assert(fm.gradcheck(doubled { steps = 2, save = 2 }, { fm.parameter(fm.ones(shape)) }))
      end
      assert(fm.gradcheck(doubled { t0 = 1, t1 = 1, times = { 1 } }, { x0 }))
      assert(fm.gradcheck(doubled { steps = 5, max_nfe = 8, times = { 0.1, 0.3, 0.9, 1 } }, { x0 }))
      assert(fm.gradcheck(doubled { steps = 5, max_nfe = 0, times = { 0.1 } }, { x0 }))
      assert(fm.gradcheck(doubled { method = "rk45", steps = 3, events = { function(_, t) return t - 0.5 end } }, { x0 }))
      local tape <close> = fm.record()
      local none, info = ode.solve(field, fm.zeros(0, 2), { times = { 0, 1 }, method = "rk4", memory = memory })
      assert.same({ { 0, 2 }, { 2, 0, 2 } }, { none:shape(), info.states:shape() })
    end
  end)

  it("train a small neural ODE", function()
    local model = fm.nn.vector_field { dim = 2, hidden = 16, time_embed = 8 }
    local opt = fm.optim.adam(model, { lr = 1e-2 })
    local start = fm.rng(5):normal(32, 2)
    local target = start * 0.5 + 1
    local function loss(memory)
      return function()
        local x = ode.solve(model, start, { method = "rk4", steps = 4, memory = memory })
        return x:mse(target)
      end
    end
    local first, last = opt:step(loss "full"), nil
    for step = 1, 60 do last = opt:step(loss(memories[1 + step % 2])) end
    assert(last < first / 5, last / first)
  end)

  it("keep the numbers of a field that writes its x", function()
    local tape <close> = fm.record()
    for _, method in ipairs { "heun", "rk45" } do
      local _, info = ode.solve(function(x) return x:fill(1) end, fm.zeros(1), { method = method, t1 = 0.5, save = "steps" })
      for i, t in ipairs(info.times) do assert.near(t, info.states[i][1], 1e-6) end
    end
    raises("open tape", ode.solve, function(x) return x:fill(1) end, x0, { method = "heun", steps = 4 })
    assert.equal(1, x0[1][1])
  end)

  it("name the script's line and the option when they are misused", function()
    local here = debug.getinfo(1, "S").short_src:gsub("%p", "%%%0")
    local function fails(pattern, ...)
      local arguments = table.pack(...)
      local ok, message = pcall(function()
        local tape <close> = fm.record()
        local x = ode.solve(table.unpack(arguments, 1, arguments.n))
        return x
      end)
      assert.is_false(ok)
      assert.truthy(message:find("^" .. here .. ":%d+: "), message)
      assert.truthy(message:find(pattern), message)
    end
    fails('unknown name "segment"; did you mean "segments"', field, x0, { memory = "segment" })
    fails("gradient: expected true or false, found 1", field, x0, { gradient = 1 })
    fails('control = "sample" records no gradient', field, x0, { control = "sample" })
    fails("terminal event has no gradient", field, x0, { events = { { function() return 1 end, terminal = true } } })
    for _, memory in ipairs(memories) do
      fails("x is %[3, 2%], the field returned %[3, 1%]", function(x) return x:sum { axis = 2, keep = true } * w[1][1] end, x0,
        { memory = memory })
      fails("the field returned a nil", function() end, x0, { memory = memory })
    end
  end)
end)
