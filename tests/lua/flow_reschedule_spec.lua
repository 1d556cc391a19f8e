-- flow.reschedule: the same flow on another schedule.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, ode <const>, raises <const> = fm.flow, fm.ode, checks.raises
local double <const> = fm.real == "double"
local in_double <const> = checks.in_double(it)

local function apart(x, want)
  return (x - want):abs():max():item() / (1 + want:abs():max():item())
end

local mine <const> = { a = function(t) return t ^ 2 end, s = function(t) return 1 - t end } -- no formula for its times
local bridge <const> = { "schrodinger_bridge", sigma = 0.5 }
local paths <const> = { "linear", "poly", "vp", "linear_vp", "cosine", "ve", { "lipman", sigma_min = 1e-3 }, "one_sided", bridge, mine }

-- The flow to a Gaussian on a path, in closed form; a bridge is given as the path without noise
-- that has its marginals.
local function exact(what)
  local path = flow.path(what)
  if path.noise then path = flow.path { a = path.a, s = function(t) return ((1 - t) * (1 - t) + t * (1 - t) * 0.25) ^ 0.5 end } end
  return flow.exact.gaussian { mean = { 1, -1 }, std = 0.5, path = path }
end

describe("reschedule", function()
  checks.no_bytes_stay(before_each, after_each)
  local x <const> = fm.rng(1):normal(4, 2)

  it("is the exact flow on the other path, for every two paths", function()
    for _, from in ipairs(paths) do
      for _, to in ipairs(paths) do
        local field, want = flow.reschedule(exact(from), from, to), exact(to)
        local function near(t, limit)
          local off = apart(field(x, t), want(x, t))
          assert(off < limit, ("%s to %s at %s: off by %g"):format(tostring(from), tostring(to), tostring(t), off))
        end
        local limit = double and 1e-9 or 5e-4
        if from ~= "ve" then near(0.3, limit) end -- ve has no times of that much noise
        near(0.8, limit)
        near(0.9, limit)
        near(fm.tensor { 0.75, 0.8, 0.85, 0.95 }, limit)
        near(fm.tensor { 0.75, 0.8, 0.85, 0.95 }:reshape(-1, 1), limit)
        near(1, 0.06) -- read 1e-3 away
        if from ~= "ve" and from ~= "vp" then near(0, 3e-3) end
        for _, t in ipairs { 0, 1e-30, 1e-7, 1 - 2.0 ^ -24, 1 } do
          for _, at in ipairs { t, fm.full(4, t) } do
            local sum = field(x, at):sum():item()
            assert(sum - sum == 0)
          end
        end
      end
    end
  end)

  it("leads to the same points", function()
    local z = fm.rng(2):normal(50, 2)
    local o = { method = "dopri5", rtol = 1e-6, atol = 1e-6 }
    for _, from in ipairs { "linear", "cosine", "linear_vp", mine } do
      local want = exact(from):map(z)
      for _, to in ipairs { "linear", "cosine", "poly", bridge } do
        local got, info = ode.solve(flow.reschedule(exact(from), from, to), z, o)
        assert.equal("finished", info.status)
        assert(apart(got, want) < 1e-3, ("off by %g"):format(apart(got, want)))
      end
    end
    -- a path that does not start from pure noise: as good as its own solve
    local got = ode.solve(flow.reschedule(exact "vp", "vp", "linear"), z, o)
    assert(apart(got, exact "vp":map(z)) < 0.02)
    local start = flow.path "ve":source(50, 2, fm.rng(2))
    assert(apart(ode.solve(flow.reschedule(exact "ve", "ve", "linear"), start / 2, o), ode.solve(exact "ve", start, o)) < 5e-3)
  end)

  it("undoes itself, and to its own path changes nothing", function()
    for _, path in ipairs { "linear", "vp", "linear_vp", "cosine", mine } do
      local field = exact(path)
      assert(apart(flow.reschedule(field, path, path)(x, 0.4), field(x, 0.4)) < (double and 1e-12 or 1e-5))
      local there = flow.reschedule(field, path, "poly")
      assert(apart(flow.reschedule(there, "poly", path)(x, 0.4), field(x, 0.4)) < (double and 1e-9 or 1e-4))
    end
  end)

  it("takes models, conditions, any rank, and rows that leave", function()
    local model = fm.nn.vector_field { dim = 2, hidden = 16 }
    local field = flow.reschedule(model, "linear", "cosine")
    local a, s = math.sin(math.pi / 2 * 0.3), math.cos(math.pi / 2 * 0.3)
    local t, k = a / (a + s), a + s -- k = s / (1 - t)
    local dk, dt = math.pi / 2 * (s - a), math.pi / 2 / k ^ 2
    local v = model(x / k, fm.full(4, t))
    assert(apart(field(x, 0.3), x * (dk / k) + v * (k * dt)) < 1e-5)
    local picture = fm.rng(3):normal(4, 1, 2, 2)
    assert.same({ 4, 1, 2, 2 }, flow.reschedule(function(y) return y end, "linear", "vp")(picture, fm.rng(4):uniform(4)):shape())
    local shift = fm.rng(5):normal(4, 2)
    local function of_cond(y, _, c) return c - y end
    local cond_field = flow.reschedule(of_cond, "linear", "cosine", { cond = shift })
    local got, info = ode.solve(cond_field, x, { control = "sample" })
    assert.equal("finished", info.status)
    for i = 1, 4 do
      local row = flow.reschedule(of_cond, "linear", "cosine", { cond = shift[{ i, i }] })
      assert(apart(got[{ i, i }], (ode.solve(row, x[{ i, i }], { control = "sample" }))) < 1e-4)
    end
  end)

  in_double("passes gradients to x and the model's parameters", function()
    local scale, y = fm.parameter(fm.tensor { 0.7 }), fm.parameter(x)
    local function value(p, k)
      return flow.reschedule(function(at) return at * k + 1 end, "linear", "vp")(p, fm.tensor { 0.2, 0.4, 0.6, 0.8 })
    end
    assert(fm.gradcheck(value, { y, scale }))
  end)

  it("finds the time of a ratio by formula as by bisection", function()
    local time_of = require "fm.flow.path.parts.time_of"
    for _, name in ipairs { "linear", "poly", "vp", "linear_vp", "cosine", "ve", "lipman" } do
      local path = flow.path(name)
      local plain = { a = path.a, s = path.s }
      for _, t in ipairs { 0, 0.1, 0.5, 0.9, 1 } do
        local a, s = path.a(t), path.s(t)
        local limit = name == "poly" and t == 0 and 1e-5 or 1e-9
        assert.near(t, time_of(path)(a, s), limit)
        assert.near(t, time_of(plain)(a, s), limit)
        local rows = { fm.full(3, a), fm.full(3, s) }
        local loose = double and limit or name == "poly" and t == 0 and 1e-2 or 1e-4
        assert.near(t, time_of(path)(table.unpack(rows))[2], loose)
        assert.near(t, time_of(plain)(table.unpack(rows))[2], loose)
      end
    end
  end)

  it("says what is wrong", function()
    local field = exact "linear"
    raises('reschedule: from_path: path: unknown path "liner"; did you mean "linear"', flow.reschedule, field, "liner", "cosine")
    raises("reschedule: to_path: path: unknown path", flow.reschedule, field, "linear", "nothing")
    raises("reschedule: from_path: a / s does not grow at t = 0.03", flow.reschedule, field, "mirror", "linear")
    raises("reschedule: from_path: a / s does not grow at t = 0.03", flow.reschedule, field,
      { a = function(t) return 1 - t end, s = function(t) return t end }, "linear")
    raises("reschedule: the model is a number", flow.reschedule, 1, "linear", "cosine")
    raises('reschedule: unknown option "gard"; did you mean "guard"', flow.reschedule, field, "linear", "cosine", { gard = 1 })
    raises("reschedule: field: t: expected a number in 0..1, found 2", flow.reschedule(field, "linear", "cosine"), x, 2)
    raises("reschedule: what the field returned is %[2%], expected %[4, 2%]", flow.reschedule(function() return fm.zeros(2) end, "linear", "cosine"), x, 0.5)
    raises("reschedule: unexpected argument 5", flow.reschedule, field, "linear", "cosine", {}, 1)
  end)
end)
