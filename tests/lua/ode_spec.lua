local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local ode <const> = fm.ode
local double <const> = fm.real == "double"
local in_double <const> = checks.in_double(it)

local fixed <const> = { euler = 1, midpoint = 2, heun = 2, ralston = 2, heun3 = 3, rk4 = 4, rk4_38 = 4, ab2 = 2, ab3 = 3, ab4 = 4 }
local adaptive <const> = { rk23 = 3, rk45 = 5, dop853 = 8, tsit5 = 5, adaptive_heun = 2 }

local function decay(x) return x * -0.5 end
local function cosine(x, t) return x * math.cos(t) end -- x(t) = x(0) exp(sin t)

local raises <const> = checks.raises

describe("ode", function()
  checks.no_bytes_stay(before_each, after_each)

  in_double("shows every method's order on a problem that depends on time", function()
    local function field(x, t) return fm.tensor { x[2] + math.sin(2 * t), -x[1] * (1 + math.cos(t) / 2) } end
    local steps = { 2048, 512, 256, 128, 32, nil, nil, 8 }
    local exact = ode.solve(field, fm.ones(2), { method = "dop853", steps = 100, t1 = 2 })
    for _, methods in ipairs { fixed, adaptive } do
      for name, order in pairs(methods) do
        local function off(n)
          local x, info = ode.solve(field, fm.ones(2), { method = name, steps = n, t1 = 2 })
          assert.equal(n, info.steps)
          return (x - exact):norm():item()
        end
        local n = steps[order]
        local slope = math.log(off(n) / off(2 * n), 2)
        assert(math.abs(slope - order) < 0.1, ("%s: order %.3f"):format(name, slope))
      end
    end
  end)

  it("counts evaluations and leaves x0 alone", function()
    local x0 = fm.tensor { { 1, 2 }, { 3, 4 } }
    local calls = 0
    local x, info = ode.solve(function(x, t)
      calls = calls + 1
      assert.same({ 2, 2 }, x:shape())
      assert.equal("float", math.type(t))
      return decay(x)
    end, x0, { method = "rk4", steps = 10 })
    assert.same({ 40, 40, 10, 10, 0, "finished", 1.0 },
      { calls, info.nfe, info.steps, info.accepted, info.rejected, info.status, info.t })
    assert.same({ { 1, 2 }, { 3, 4 } }, x0:totable())
    assert.near(4 * math.exp(-0.5), x[2][2], 1e-5)
    assert.is_nil(info.states)
    assert.equal(100, select(2, ode.solve(decay, x0, { method = "euler" })).nfe)
    assert.same({ 1, 2 }, ode.solve(decay, x0, { t0 = 1, t1 = 1 })[1]:totable())
  end)

  it("calls a model, a table that can be called", function()
    local model = setmetatable({ rate = -1 }, { __call = function(self, x) return x * self.rate end })
    assert.near(math.exp(-1), ode.solve(model, fm.ones(3), { method = "rk45" })[1], 1e-4)
  end)

  it("stays within t0 and t1, also backwards, with any limit on the steps", function()
    for name in pairs(adaptive) do
      for _, o in ipairs { { t0 = 0, t1 = 1 }, { t0 = 1, t1 = 0 }, { first_step = 1 }, { max_step = 0.3 }, { t0 = -3, t1 = -2.9 } } do
        o.method, o.rtol, o.atol = name, 1e-4, 1e-4
        local t0, t1 = o.t0 or 0, o.t1 or 1
        local x, info = ode.solve(function(x, t)
          assert(t >= math.min(t0, t1) and t <= math.max(t0, t1), t)
          return cosine(x, t)
        end, fm.ones(2), o)
        assert.equal("finished", info.status)
        assert.equal(t1, info.t)
        assert.near(math.exp(math.sin(t1) - math.sin(t0)), x[2], 2e-3)
        if o.max_step then assert(info.steps >= 4) end
      end
    end
  end)

  it("saves states at times, evenly, or at every step", function()
    local x0 = fm.ones(2, 3)
    local function check(info, tolerance)
      assert.same({ #info.times, 2, 3 }, info.states:shape())
      for i, t in ipairs(info.times) do assert.near(math.exp(math.sin(t)), info.states[i][2][3], tolerance) end
    end
    local times = { 0, 0.1, 0.7, 1.25, 2 }
    for name in pairs(adaptive) do
      local _, info = ode.solve(cosine, x0, { method = name, times = times, t1 = 2, rtol = 1e-5, atol = 1e-5 })
      assert.same(times, info.times)
      assert.equal(2, info.t)
      check(info, 1e-3)
      _, info = ode.solve(cosine, x0, { method = name, save = 9, t1 = 2, rtol = 1e-5, atol = 1e-5 })
      assert.equal(9, #info.times)
      check(info, 1e-3)
    end
    local _, info = ode.solve(cosine, x0, { method = "rk4", times = { 0, 0.1, 0.3, 0.5, 0.9 }, t1 = 0.9 })
    assert.same({ 4, 0.9 }, { info.steps, info.t })
    check(info, 1e-3)
    for _, name in ipairs { "midpoint", "rk4", "rk45" } do -- between the steps
      _, info = ode.solve(cosine, x0, { method = name, steps = 64, times = times, t1 = 2 })
      check(info, 1e-3)
    end
    _, info = ode.solve(cosine, x0, { method = "rk4", steps = 10, save = 5, t1 = 2 })
    assert.same({ 0, 0.6, 1, 1.6, 2 }, info.times)
    assert.equal(40, info.nfe)
    check(info, 1e-3)
    local x, all = ode.solve(cosine, x0, { method = "rk45", save = "steps", t1 = 2 })
    assert.equal(all.steps + 1, #all.times)
    assert.equal(x[1][1], all.states[-1][1][1])
  end)

  it("takes grids by name", function()
    for _, grid in ipairs { "uniform", "cosine", "quadratic", "edm", { "edm", rho = 3 }, "shift", { "shift", s = 2 },
      { "edm", sigma_min = 0.1 } } do
      local x, info = ode.solve(cosine, fm.ones(1), { method = "rk4", grid = grid, steps = 20, t0 = 1, t1 = 3, save = "steps" })
      assert.same({ 21, 1.0, 3.0 }, { #info.times, info.times[1], info.times[21] })
      for i = 1, 20 do assert(info.times[i] < info.times[i + 1]) end
      assert.near(math.exp(math.sin(3) - math.sin(1)), x[1], 1e-3)
    end
    local x, info = ode.solve(cosine, fm.ones(1), { method = "rk4", grid = { 0, 0.1, 0.3, 0.6, 1 }, times = { 0.2, 1 } })
    assert.same({ 4, 1.0 }, { info.steps, info.t })
    assert.near(math.exp(math.sin(1)), x[1], 1e-3)
    assert.near(math.exp(math.sin(0.2)), info.states[1][1], 1e-3)
    local _, edm = ode.solve(cosine, fm.ones(1), { method = "ab3", grid = "edm", steps = 1000, save = "steps" })
    assert.near(0.998, edm.times[1000], 1e-12) -- sigma_min before the end
    assert.near(1 - (1 + 500 / 999 * (0.002 ^ (1 / 7) - 1)) ^ 7, edm.times[501], 1e-12)
    local _, shifted = ode.solve(cosine, fm.ones(1), { method = "euler", grid = { "shift", s = 3 }, steps = 2, save = "steps" })
    assert.same({ 0, 0.25, 1 }, shifted.times) -- sigma 1/2 becomes 3/4
    raises("two of 100 steps meet at t = 1", ode.solve, decay, fm.ones(1), { method = "euler", grid = "quadratic", steps = 100, t0 = 1, t1 = 1 + 1e-13 })
    raises("leave steps out", ode.solve, decay, fm.ones(1), { method = "euler", grid = { 0, 1 }, steps = 3 })
    raises("grid%[3%] = 0.5 does not follow 1", ode.solve, decay, fm.ones(1), { method = "euler", grid = { 0, 1, 0.5 }, t1 = 2 })
    raises('unknown name "cosin"; did you mean "cosine"', ode.solve, decay, fm.ones(1), { method = "euler", grid = "cosin" })
    raises('unknown option "roh"; did you mean "rho"', ode.solve, decay, fm.ones(1), { method = "euler", grid = { "edm", roh = 2 } })
  end)

  it("raises on numbers that are not finite", function()
    local nan = 0 / 0
    raises("x0 has numbers that are not finite", ode.solve, decay, fm.tensor { 1, nan })
    raises("field returns numbers that are not finite at t = 0", ode.solve, function(x) return x * nan end, fm.ones(1))
    raises("not finite at t = 0.6, after step 6", ode.solve, function(x, t) return t > 0.45 and x * nan or x end, fm.ones(1),
      { method = "euler", steps = 10 })
  end)

  it("counts one call per step of Adams and Bashforth's methods, on any grid", function()
    for name, nfe in pairs { ab2 = 2 + 9, ab3 = 6 + 8, ab4 = 12 + 7 } do
      assert.equal(nfe, select(2, ode.solve(cosine, fm.ones(1), { method = name, steps = 10 })).nfe)
      local x, info = ode.solve(cosine, fm.ones(1), { method = name, steps = 200, grid = "cosine", t1 = 2, save = 3, max_nfe = 1000 })
      assert.near(math.exp(math.sin(2)), x[1], 1e-3)
      assert.near(1, info.times[2], 1e-12)
      assert.near(math.exp(math.sin(1)), info.states[2][1], 1e-3)
    end
    local field = function(x, t) return x * 0 + 4 * t ^ 3 end -- four slopes give a cubic exactly, whatever their spacing
    local x = ode.solve(field, fm.zeros(1), { method = "ab4", times = { 0, 0.1, 0.25, 0.3, 0.6, 0.7, 1 } })
    assert.near(1, x[1], double and 1e-14 or 1e-6)
    raises("cannot interpolate", ode.solve, decay, fm.ones(1), { method = "ab2", steps = 5, times = { 0.33 } })
    for _, name in ipairs { "ab2", "ab3", "ab4" } do -- an interval of one unit in the last place
      assert.near(1, ode.solve(decay, fm.ones(1), { method = name, t0 = 1, t1 = 1 + 2 ^ -52 })[1], 1e-15)
    end
  end)

  it("finds events to the same digits in every unit of time", function()
    for _, span in ipairs { 1e-100, 1e-13, 1, 1e13, 1e100 } do
      for _, t0 in ipairs { 0, -0.3 * span, -span } do
        for _, method in ipairs { "dopri5", "rk4" } do
          for _, shape in ipairs { function(u) return u - 0.123456789 end, function(u) return u ^ 3 - 0.123456789 ^ 3 end } do
            local _, info = fm.ode.solve(function() return fm.zeros(1) end, fm.zeros(1), { t0 = t0, t1 = t0 + span, method = method, steps = 3,
              events = { function(_, t) return shape((t - t0) / span) end } })
            assert.equal(1, #info.events[1].t)
            assert.near(0.123456789, (info.events[1].t[1] - t0) / span, 1e-14)
          end
        end
      end
    end
  end)

  it("finds events", function()
    -- A ball thrown up: height 10 t - t^2 / 4, the top at t = 20, back on the ground at t = 40.
    local function fall(x) return fm.tensor { x[2], -0.5 } end
    local function height(x) return x[1] end
    local function speed(x) return x[2] end
    local tolerance = double and 1e-8 or 1e-3
    for _, name in ipairs { "rk45", "rk23", "dop853", "tsit5" } do
      local x, info = ode.solve(fall, fm.tensor { 0, 10 }, { method = name, t1 = 100, rtol = 1e-6, atol = 1e-6, save = "steps",
        events = { { height, direction = "down", terminal = true }, speed } })
      assert.same({ "event", 1, 1 }, { info.status, #info.events[1].t, #info.events[2].t })
      assert.near(40, info.t, tolerance)
      assert.near(40, info.events[1].t[1], tolerance)
      assert.near(20, info.events[2].t[1], tolerance)
      assert.near(0, x[1], 10 * tolerance)
      assert.near(100, info.events[2].x[1][1], 10 * tolerance)
      assert.equal(info.t, info.times[#info.times])
      assert.equal(x[2], info.states[-1][2])
    end
    local function turn(x) return fm.tensor { x[2], -x[1] } end -- x = cos t
    local o = { method = "dop853", rtol = 1e-10, atol = 1e-10, t1 = 20, times = { 1, 5, 6, 19 }, events = { { height, terminal = 3 } } }
    if not double then o.rtol, o.atol = 1e-5, 1e-5 end
    local _, info = ode.solve(turn, fm.tensor { 1, 0 }, o)
    assert.near(2.5 * math.pi, info.t, tolerance)
    for i = 1, 3 do assert.near((i - 0.5) * math.pi, info.events[1].t[i], tolerance) end
    assert.same({ 1, 5, 6 }, info.times)
    assert.near(math.cos(6), info.states[3][1], tolerance * 10)
    _, info = ode.solve(turn, fm.tensor { 1, 0 }, { method = "rk4", steps = 500, t1 = -10,
      events = { { height, direction = "up" }, { height, direction = "down" } } })
    assert.same({ 1, 2 }, { #info.events[1].t, #info.events[2].t })
    assert.near(-1.5 * math.pi, info.events[1].t[1], 1e-3)
    assert.near(-2.5 * math.pi, info.events[2].t[2], 1e-3)
    raises('unknown option "directon"; did you mean "direction"', ode.solve, decay, fm.ones(1), { events = { { height, directon = 1 } } })
    raises("event 1 returned a nil", ode.solve, decay, fm.ones(1), { events = { function() end } })
    raises("event 1 is not finite", ode.solve, decay, fm.ones(1), { events = { function() return 0 / 0 end } })
    raises("in my event", ode.solve, decay, fm.ones(1), { events = { function() error "in my event" end } })
    raises('direction: unknown name "upp"', ode.solve, decay, fm.ones(1), { events = { { height, direction = "upp" } } })
    raises("expected a function", ode.solve, decay, fm.ones(1), { events = { { direction = "up" } } })
  end)

  it("runs a user's tableau, step function or file", function()
    local ssp3 = { order = 3, c = { 0, 1, 1 / 2 }, a = { {}, { 1 }, { 1 / 4, 1 / 4 } }, b = { 1 / 6, 1 / 6, 2 / 3 } }
    local x, info = ode.solve(cosine, fm.ones(1), { method = ssp3, steps = 50, t1 = 2 })
    assert.near(math.exp(math.sin(2)), x[1], 1e-4)
    assert.equal(150, info.nfe)
    local function midpoint(f, t, y, h) return y + f(y + f(y, t) * (h / 2), t + h / 2) * h end
    local y, same = ode.solve(cosine, fm.ones(1), { method = "midpoint", steps = 50, t1 = 2 })
    for _, method in ipairs { midpoint, { order = 2, step = midpoint } } do
      x, info = ode.solve(cosine, fm.ones(1), { method = method, steps = 50, t1 = 2, save = 3 })
      assert.near(y[1], x[1], 1e-5)
      assert.same({ same.nfe, 50, 3 }, { info.nfe, info.steps, #info.times })
    end
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
    local file = assert(io.open(folder .. "/my_euler.lua", "w"))
    file:write "return { order = 1, c = { 0 }, a = { {} }, b = { 1 } }"
    file:close()
    local path = package.path
    package.path = folder .. "/?.lua;" .. path
    assert.equal(10, select(2, ode.solve(decay, fm.ones(1), { method = "my_euler", steps = 10 })).nfe)
    package.path = path
    os.remove(folder .. "/my_euler.lua")
    os.remove(folder)
  end)

  it("runs the solvers that the manual prints", function()
    local page <close> = assert(io.open "lua/fm/manual/own_parts.md")
    local text = page:read("a"):match "## A solver(.-)## A path"
    local tried = 0
    for source in text:gmatch "```lua file=[^\n]+\n(.-)```" do
      local x, info = ode.solve(cosine, fm.ones(1), { method = assert(load(source))(), steps = 50 })
      assert.near(math.exp(math.sin(1)), x[1], 1e-3)
      assert.equal(100, info.nfe)
      tried = tried + 1
    end
    assert.equal(2, tried)
  end)

  it("refuses a wrong method with what it breaks", function()
    local function solve(method, more)
      local o = { method = method, steps = 4 }
      for k, v in pairs(more or {}) do o[k] = v end
      return ode.solve(decay, fm.ones(1), o)
    end
    local rk4 = function() return dofile "lua/fm/ode/rk4.lua" end
    raises('there is no method "rk55".*did you mean "rk45"', solve, "rk55")
    raises('is no name of a method', solve, "../rk4")
    local m = rk4(); m.c[2] = 0.4
    raises("row 2 of a adds up to 0.5, c%[2%] is 0.4", solve, m)
    m = rk4(); m.b = { 1 / 4, 1 / 4, 1 / 4, 1 / 4 }
    raises("not of order 4: sum of b c%^2 is 0.375, expected 0.33333", solve, m)
    m = rk4(); m.order = 5
    raises("not of order 5: sum of b c%^4", solve, m)
    m = rk4(); m.a[2] = { 0, 0, 0.5 }
    raises("only explicit methods", solve, m)
    raises("expected as many of each", solve, { order = 1, c = { 0, 1 }, a = { {} }, b = { 1 } })
    raises("order is missing", solve, { c = { 0 }, a = { {} }, b = { 1 } })
    raises("neither b, of a tableau, nor step", solve, {})
    raises("expected a finite number", solve, { order = 1, c = { 0 }, a = { {} }, b = { 0 / 0 } })
    m = rk4(); m.a = m
    raises("b has 4 numbers, c has 4, a has 0 rows", solve, m)
    raises("not of order 2: halved steps show order 0%.8", solve,
      { order = 2, step = function(f, t, x, h) return x + f(x, t) * h end })
    raises("step function returned a number", solve, function() return 1 end)
    local function midpoint(f, t, x, h) return x + f(x + f(x, t) * (h / 2), t + h / 2) * h end
    raises("not of order 3: halved steps show order 2%.17", solve, { order = 3, step = midpoint }) -- in float too
    for name, order in pairs { rk4 = 4, tsit5 = 5, dop853 = 8 } do
      local function step(f, t, x, h) return (ode.solve(f, x, { method = name, t0 = t, t1 = t + h, steps = 1 })) end
      assert.equal("finished", select(2, solve { order = order, step = step }).status) -- what float does not show is not held against it
    end
    local function exact(f, t, x, h) return (ode.solve(f, x, { method = "dop853", t0 = t, t1 = t + h, steps = 50 })) end
    assert.equal("finished", select(2, solve { order = 12, step = exact }).status) -- errors of rounding show no order
    m = rk4(); m.a[2] = { 0.4 }
    raises("ode: method: row 2 of a adds up to 0.4, c%[2%] is 0.5", solve, m)
    raises('unknown option "eror_order"; did you mean "error_order"', solve, { order = 1, eror_order = 1, c = { 0 }, a = { {} }, b = { 1 } })
    raises('unknown option "stepp"; did you mean "step"', solve, { order = 1, step = midpoint, stepp = 1 })
    raises('order: expected a whole number 1..20, found string "2"', solve, { order = "2", c = { 0 }, a = { {} }, b = { 1 } })
    raises("extra: expected", solve, { order = 1, c = { 0 }, a = { {} }, b = { 1 }, extra = {} })
    -- of order 2 by its sums; clamped at the end of the step it would be of order 1
    raises("c%[2%] = 2 lies outside of the step", solve, { order = 2, c = { 0, 2 }, a = { {}, { 2 } }, b = { 3 / 4, 1 / 4 } })
    local wide = { order = 1, history = 4, a = {}, b = {}, c = {} }
    for i = 1, 18 do wide.a[i], wide.b[i], wide.c[i] = {}, i == 1 and 1 or 0, 0 end
    raises("18 stages and a history of 4 are over the limit 20", solve, wide)
    local two = { order = 2, c = { 0, 1 }, a = { {}, { 1 } }, b = { 1 / 2, 1 / 2 } }
    for part, wrong in pairs { history = { 2.5, "2", true, -1, 5 }, order = { 2.5, 21 }, error_order = { 0 }, closes = { 1 } } do
      for _, value in ipairs(wrong) do
        local given = { e = part == "error_order" and { 1 / 2, -1 / 2 } or nil, [part] = value }
        for name, v in pairs(two) do if given[name] == nil then given[name] = v end end
        raises("ode: method: " .. part .. ": expected [%w ]+[%d.]*, found ", solve, given)
      end
    end
    raises("extra: c has 1 numbers, a has 2 rows: expected as many of each", solve,
      { order = 1, c = { 0 }, a = { {} }, b = { 1 }, extra = { c = { 1 }, a = { { 1 }, { 1 } } } })
    raises("at most 19", solve, { order = 1, c = {}, a = {}, b = table.pack(string.rep("x", 64):byte(1, -1)) })
  end)

  it("refuses a wrong error estimate or interpolant with what it breaks", function()
    local function solve(method) return ode.solve(decay, fm.ones(1), { method = method }) end
    local function changed(name, change)
      local m = dofile("lua/fm/ode/" .. name .. ".lua")
      change(m)
      return m
    end
    raises("e adds up to 0.01, not 0", solve, changed("rk45", function(m) m.e[1] = m.e[1] + 0.01 end))
    raises("error estimate is not of order 4: sum of e c is 0.002, expected 0", solve, changed("rk45", function(m)
      m.e[1], m.e[3] = m.e[1] - 0.01, m.e[3] + 0.01
      m.e[1], m.e[2] = m.e[1] + 0.005, m.e[2] - 0.005
    end))
    raises("error estimate is not of order 3: sum of e c^2", solve, changed("rk23", function(m) m.error_order = 3 end))
    raises("error estimate sees no error of order 3", solve, changed("rk23", function(m) m.e = { 0, 0, 0, 0 } end))
    raises("error estimate sees no error of order 5", solve, changed("rk45", function(m) m.e = { 0, 0, 0, 0, 0, 0, 0 } end))
    raises("e has 5 numbers, expected at most 4", solve, changed("rk23", function(m) m.e[5] = 0 end))
    raises("error_order: expected a whole number", solve, changed("rk23", function(m) m.error_order = 1.5 end))
    raises("row 2 of dense adds up to 1.3333", solve, changed("rk23", function(m) m.dense[2][2] = 2 end))
    raises("interpolant is not of order 2 %(dense_order%): sum of dense c is 0.25 at theta^1, expected 0", solve,
      changed("rk23", function(m) m.dense[2], m.dense[1] = { 0.5, 0.5, -2 / 3 }, { 0.5, -5 / 6, 5 / 9 } end))
    raises("interpolant is not of order 4", solve, changed("rk23", function(m) m.dense_order = 4 end))
    assert.equal("finished", select(2, solve(changed("rk23", function(m) m.dense_order = 3 end))).status)
    raises("error estimate is not of order 4", solve, changed("rk45", function(m) m.errors = { torchdiffeq = { -1, 1 } } end))
    raises("errors: expected a table by controller", solve, changed("rk45", function(m) m.errors = 5 end))
    raises("belongs to no slope", solve, { order = 1, c = { 0, 1 }, a = { {}, { 1 } }, b = { 1, 0 }, e = { 0, 1, -1 } })
  end)

  it("passes on the errors of events and step functions, and refuses their yields", function()
    local x0, calls = fm.ones(2), 0
    local function breaks() error "broken here" end
    local function late()
      calls = calls + 1
      return calls < 3 and calls or breaks()
    end
    local options = {
      { events = { breaks } }, { events = { late } }, { method = "rk4", steps = 3, events = { breaks } },
      { method = breaks }, { method = { step = breaks } }, { method = breaks, max_nfe = 5 },
      { method = function(f, t, x, h) return x + f(x, t) * h + breaks() end, max_nfe = 5 },
    }
    for _, o in ipairs(options) do raises("broken here", ode.solve, decay, x0, o) end
    for _, o in ipairs { { events = { coroutine.yield } }, { method = coroutine.yield }, { method = coroutine.yield, max_nfe = 4 } } do
      local co = coroutine.create(function() return ode.solve(decay, x0, o) end)
      local ok, message = coroutine.resume(co)
      assert.is_false(ok)
      assert.truthy(message:find "yield")
      coroutine.close(co)
    end
    local inner = { events = { function(x) return ode.solve(decay, x, { method = "rk4", steps = 2 })[1] - 0.5 end } }
    local _, info = ode.solve(decay, x0, inner) -- x falls to 0.5 exp(0.5) at t = 1 - log 4
    assert.equal(1, #info.events[1].t)
    assert.near(2 * math.log(2) - 1, info.events[1].t[1], 1e-3)
    raises("the state is not finite at t = 0.25, after step 1", ode.solve, decay, x0,
      { method = function(_, _, x) return x * (0 / 0) end, steps = 4 })
    assert.near(math.exp(-0.5), ode.solve(decay, x0)[1], 1e-4)
  end)

  it("names the script's line and the option when it is misused", function()
    local x0 = fm.ones(2, 3)
    local here = debug.getinfo(1, "S").short_src:gsub("%p", "%%%0")
    local function fails(pattern, ...)
      local arguments = table.pack(...)
      local ok, message = pcall(function()
        local x = ode.solve(table.unpack(arguments, 1, arguments.n))
        return x
      end)
      assert.is_false(ok)
      assert.truthy(message:find("^" .. here .. ":%d+: "), message)
      assert.truthy(message:find(pattern), message)
    end
    fails('unknown option "step"; did you mean "steps"', decay, x0, { step = 3 })
    fails("the field is a nil", nil, x0)
    fails("x0 is a number", decay, 1)
    fails("expected a table of options", decay, x0, 5)
    fails("rtol is for error control", decay, x0, { method = "euler", rtol = 1e-3 })
    fails("rtol is for error control", decay, x0, { method = "rk45", steps = 10, rtol = 1e-3 })
    fails("steps: expected a whole number", decay, x0, { method = "euler", steps = 0 })
    fails("steps: expected a whole number", decay, x0, { method = "euler", steps = 0 / 0 })
    fails("max_step", decay, x0, { max_step = -1 })
    fails("first_step", decay, x0, { first_step = 2 })
    fails("t1: expected a number", decay, x0, { t1 = "1" })
    fails("t0 and t1 must be finite", decay, x0, { t1 = math.huge })
    fails("times%[2%] = 2 lies outside", decay, x0, { times = { 0, 2 }, t1 = 1 })
    fails("times%[3%] = 0.5 does not follow 0.5", decay, x0, { times = { 0, 0.5, 0.5 }, t1 = 1 })
    fails("expected a list of numbers", decay, x0, { times = {} })
    fails("times or save", decay, x0, { times = { 1 }, save = 2 })
    fails('times%[1%]: expected a number, found "a"', decay, x0, { times = { "a" } })
    fails("rtol: expected a number >= 0, found %-1", decay, x0, { rtol = -1 })
    fails("save: expected a whole number in 1..1000000000, found 10000000000", decay, x0, { save = 1e10 })
    fails("grid: expected a name, .* or a list of points, found a table without a name", decay, x0, { method = "rk4", grid = {} })
    fails("grid: expected a name, .* found 3", decay, x0, { method = "rk4", grid = 3 })
    fails("save = 5 states, but 3 steps have 4", decay, x0, { method = "rk4", steps = 3, save = 5 })
    fails('control: expected "batch" or "sample"', decay, x0, { control = "bath" })
    fails("x is %[2, 3%], the field returned %[2, 1%]", function(x) return x:sum { axis = 2, keep = true } end, x0)
    fails("the field returned a nil, expected a tensor %[2, 3%]", function() end, x0)
    fails("the field returned a number", function() return 1 end, x0)
    fails("events: expected a list without holes or names, found a field hit", decay, x0, { events = { hit = function() return 1 end } })
    fails("event 1 returned a tensor, expected a number", decay, x0, { events = { function(x) return x end } })
    local function gone(x) -- what a closed scope took back
      local scope <close> = fm.scope()
      return x * 1
    end
    for _, o in ipairs { {}, { control = "sample" }, { method = "euler", steps = 3 } } do
      fails("the field returned a tensor that was released when its tape closed, expected a tensor %[2, 3%]", gone, x0, o)
    end
  end)

  it("checks what a step function gives the field and what the field gives back", function()
    local function euler(f, t, x, h) return x + f(x, t) * h end
    local function refused(text, field, step) raises(text, ode.solve, field, fm.ones(3, 2), { method = step or euler, steps = 3 }) end
    refused("x is %[3, 2%], the field returned %[2%]", function() return fm.ones(2) end) -- x + [2] would be broadcast
    refused("the field returned a number, expected a tensor %[3, 2%]", function() return 2 end)
    refused("the field returned a nil, expected a tensor %[3, 2%]", function() end)
    refused("the field is called as f%(x, t%), found 0.0 for x", decay, function(f, t, x, h) return x + f(t, x) * h end)
    local halves = function(f, t, x, h) return fm.cat(x[{ 1, 1 }] + f(x[{ 1, 1 }], t) * h, x[{ 2, 3 }] + f(x[{ 2, 3 }], t) * h) end
    assert.near((5 / 6) ^ 3, (ode.solve(decay, fm.ones(3, 2), { method = halves, steps = 3 }))[3][2], 1e-6) -- a part of the rows is fine
  end)

  it("passes the field's own errors on as they are", function()
    local mine = setmetatable({}, { __tostring = function() return "mine" end })
    for _, method in ipairs { "euler", "rk45", "dop853" } do
      for at = 1, 9 do
        local calls = 0
        local ok, thrown = pcall(ode.solve, function(x)
          calls = calls + 1
          if calls == at then error(mine) end
          return decay(x) + fm.ones(1)
        end, fm.ones(1), { method = method })
        assert.is_false(ok)
        assert.equal(mine, thrown)
        assert.equal(at, calls)
      end
    end
    local _, text = xpcall(ode.solve, debug.traceback, function() error "inside the field" end, fm.ones(1))
    local line = debug.getinfo(1, "l").currentline - 1
    assert.truthy(text:find("ode_spec.lua:" .. line .. ": inside the field", 1, true), text)
    assert.truthy(text:find("ode_spec.lua:" .. line .. ": in function <", 1, true), text) -- the field's frame is still there
  end)

  it("refuses a yield inside the field, and is whole afterwards", function()
    local field = function(x)
      coroutine.yield(1)
      return x
    end
    local co = coroutine.create(function() return ode.solve(field, fm.ones(4)) end)
    local ok, message = coroutine.resume(co)
    assert.is_false(ok)
    assert.truthy(message:find "yield")
    assert.is_false(fm.is_recording())
    local x = fm.zeros(3) + 1 -- no scope of the dead coroutine owns it
    coroutine.close(co)
    assert.equal(1, x[1])
    local good = coroutine.wrap(function() return ode.solve(decay, fm.ones(4)) end)
    assert.near(math.exp(-0.5), good()[1], 1e-4)
  end)

  it("solves inside itself", function()
    local x = ode.solve(function(x, t)
      local inner = ode.solve(function(y) return y * 0 + t end, x * 0, { method = "rk4", steps = 2 }) -- t
      return inner * 2
    end, fm.zeros(3), { method = "rk45" })
    assert.near(1, x[2], 1e-5) -- the integral of 2 t
  end)

  it("keeps no step's tensors where nothing is recorded: without a tape, in a scope, with gradient = false", function()
    local w, most = fm.parameter(fm.tensor { 2 }), 0
    local x0 = fm.ones(1000)
    local bytes = fm.live_bytes()
    local function solve(o)
      most = 0
      local x = ode.solve(function(x)
        most = math.max(most, fm.live_bytes() - bytes)
        return x * w
      end, x0, { method = "rk4", steps = 50, gradient = o and o.gradient })
      assert.near(math.exp(2), x[1], 1e-3)
      raises("nothing here was recorded", function() x:sum():backward() end)
      assert(most < 20 * 1000 * 8, most)
    end
    solve()
    local tape <close> = fm.record()
    solve { gradient = false }
    local scope <close> = fm.scope()
    solve()
  end)

  it("lends x to the field", function()
    local kept = {}
    ode.solve(function(x)
      kept[#kept + 1] = x
      return x:clone():fill(1)
    end, fm.zeros(2), { method = "euler", steps = 3 })
    raises("released", function() return kept[1][1] end)
    local x = ode.solve(function(x) return x:fill(1) end, fm.zeros(2), { method = "euler", steps = 4 }) -- writing x does no harm
    assert.same({ 1, 1 }, x:totable())
    kept = {}
    ode.solve(function(x)
      kept[#kept + 1] = x:detach()
      return x
    end, fm.ones(2), { method = "euler", steps = 3 })
    assert.equal("number", type(kept[1][1]))
  end)

  it("asks the system for no memory in a warm loop", function()
    local x0 = fm.ones(64, 32)
    local function run()
      local scope <close> = fm.scope()
      for i = 1, 300 do
        ode.solve(decay, x0, { method = "rk45", steps = 5 })
        if i % 100 == 0 then collectgarbage() end
      end
    end
    collectgarbage "stop" -- it runs when we say: what it holds back the pool has to replace
    run()
    local before_run = fm.mallocs()
    run()
    local grown = fm.mallocs() - before_run
    collectgarbage "restart"
    assert(grown <= 2 or os.getenv "ASAN_OPTIONS", grown) -- of 9000 calls
  end)
end)
