-- flow.convert: velocity, data, noise and score, each from each other.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, raises <const> = fm.flow, checks.raises
local double <const> = fm.real == "double"
local in_double <const> = checks.in_double(it)
local kinds <const> = { "velocity", "data", "noise", "score" }

local function apart(x, want)
  return (x - want):abs():max():item() / (1 + want:abs():max():item())
end

local mine <const> = { a = function(t) return t ^ 2 end, s = function(t) return 1 - t end } -- slopes from the tape
local backwards <const> = { a = function(t) return 1 - t end, s = function(t) return t + 0.1 end } -- s da - a ds is below 0
local paths <const> = { "linear", { "poly", n = 2 }, "vp", "linear_vp", "cosine", "ve", { "lipman", sigma_min = 0.1 }, mine, backwards }

describe("convert", function()
  checks.no_bytes_stay(before_each, after_each)

  it("gives what leads through x, each from each other", function()
    local x0, x1, t = fm.rng(1):normal(5, 3), fm.rng(2):normal(5, 3), fm.tensor { 0.4, 0.5, 0.6, 0.7, 0.55 }
    for _, path in ipairs(paths) do
      local made = flow.path(path)
      local x, u = made:sample(x0, x1, t)
      local s = select(2, made:coefficients(t)):reshape(-1, 1)
      local all = { velocity = u, data = x1, noise = x0, score = -x0 / s }
      for _, from in ipairs(kinds) do
        for _, to in ipairs(kinds) do
          local got = flow.convert(all[from], from, to, x, t, path)
          assert(apart(got, all[to]) < (double and 1e-9 or 5e-5), ("%s to %s: off by %g"):format(from, to, apart(got, all[to])))
          local row = flow.convert(all[from][{ 2, 2 }], from, to, x[{ 2, 2 }], t[2], made)
          assert(apart(row, all[to][{ 2, 2 }]) < (double and 1e-9 or 5e-5))
        end
      end
    end
  end)

  it("has the straight line's formulas, which are its default path", function()
    local x, v, t = fm.rng(1):normal(4, 2), fm.rng(2):normal(4, 2), 0.3
    local limit = double and 1e-12 or 1e-5
    assert.near(0, apart(flow.convert(v, "velocity", "data", x, t), x + v * (1 - t)), limit)
    assert.near(0, apart(flow.convert(v, "velocity", "noise", x, t), x - v * t), limit)
    assert.near(0, apart(flow.convert(v, "velocity", "score", x, t), (v * t - x) / (1 - t)), limit)
    assert.near(0, apart(flow.convert(v, "data", "velocity", x, t), (v - x) / (1 - t)), limit)
    assert.near(0, apart(flow.convert(v, "noise", "velocity", x, t), (x - v) / t), limit)
    assert.near(0, apart(flow.convert(v, "score", "velocity", x, t), (x + v * (1 - t)) / t), limit)
  end)

  it("agrees with the exact flow, in any rank", function()
    local x = fm.rng(1):normal(6, 2)
    local target = flow.exact.gaussian { mean = { 1, -1 }, std = 0.5, path = "vp" }
    assert.near(0, apart(flow.convert(target(x, 0.6), "velocity", "score", x, 0.6, "vp"), target:score(x, 0.6)), double and 1e-9 or 1e-4)
    local picture, t = fm.rng(2):normal(6, 1, 2, 2), fm.rng(3):uniform(6)
    local v = flow.convert(picture, "data", "velocity", picture, t)
    assert.same({ 6, 1, 2, 2 }, v:shape())
    assert.near(0, v:abs():max():item(), 1e-5)
    assert.same({ 0, 2 }, flow.convert(fm.zeros(0, 2), "data", "noise", fm.zeros(0, 2), 0.5):shape())
  end)

  it("is finite at the ends of every path, gradients included", function()
    for _, path in ipairs(paths) do
      for _, end_of in ipairs { 0, 1, 1e-30, 1 - 2.0 ^ -24 } do
        for _, t in ipairs { end_of, fm.full(3, end_of) } do
          for _, from in ipairs(kinds) do
            for _, to in ipairs(kinds) do
              local value, x = fm.parameter(fm.rng(1):normal(3, 2)), fm.parameter(fm.rng(2):normal(3, 2))
              local tape <close> = fm.record()
              local y = flow.convert(value, from, to, x, t, path)
              y:square():sum():backward()
              local sum = (y:detach():sum() + value:grad():sum() + (x:grad() and x:grad():sum() or 0)):item()
              assert(sum - sum == 0, ("%s to %s at %g is not finite"):format(from, to, end_of))
            end
          end
        end
      end
    end
  end)

  it("stays near that of a unit normal where a divisor is below guard", function()
    local x = fm.rng(1):normal(3, 2)
    for _, guard in ipairs { 1e-3, 0.05 } do
      local got = flow.convert(x * 1.5, "data", "velocity", x, 1, "linear", { guard = guard }) -- at t = 1 x is the data
      assert.near(0, apart(got, x + x * 0.5 / guard), 1e-5)
      got = flow.convert(x * 1.5, "noise", "data", x, 0, "linear", { guard = guard })
      assert.near(0, apart(got, x * -0.5 / guard), 1e-5)
      local late = 1 - guard / 2
      local function at(p) return flow.convert(p, "data", "velocity", x, late, "linear", { guard = guard }) end
      assert.near(1 / guard, (at(x + 1) - at(x)):mean():item(), 1e-3 / guard)
    end
    for t, want in pairs { [0] = -1, [1] = 1 } do -- at the ends, where x is the source or the data: the velocity that nothing is known of
      local given = t == 0 and "noise" or "data"
      assert.near(0, apart(flow.convert(x, given, "velocity", x, t), x * want), 1e-6)
    end
  end)

  in_double("passes gradients to the value, x and t", function()
    local value, x, t = fm.parameter(fm.rng(1):normal(3, 2)), fm.parameter(fm.rng(2):normal(3, 2)), fm.parameter(fm.tensor { 0.3, 0.5, 0.7 })
    for _, from in ipairs(kinds) do
      for _, to in ipairs(kinds) do
        if from ~= to then assert(fm.gradcheck(function(v, y, at) return flow.convert(v, from, to, y, at, "cosine") end, { value, x, t })) end
      end
    end
  end)

  it("refuses what it cannot convert", function()
    local x = fm.zeros(3, 2)
    local normal = { a = mine.a, s = mine.s, source = function(n, dim, rng) return rng:normal(n, dim) * 3 end }
    raises('convert: from: unknown name "scor"; did you mean "score"', flow.convert, x, "scor", "data", x, 0.5)
    raises('convert: to: unknown name "nois"; did you mean "noise"', flow.convert, x, "data", "nois", x, 0.5)
    raises("convert: path: it has noise around its line", flow.convert, x, "data", "noise", x, 0.5, "i_cfm")
    raises("convert: path: it has a source of its own", flow.convert, x, "data", "noise", x, 0.5, normal)
    raises("convert: value is %[2%], expected %[3, 2%]", flow.convert, fm.zeros(2), "data", "noise", x, 0.5)
    raises("convert: x is a number", flow.convert, x, "data", "noise", 3, 0.5)
    raises("convert: t: expected a number in 0..1, found 2", flow.convert, x, "data", "noise", x, 2)
    raises("convert: t is %[2%], expected %[3%]", flow.convert, x, "data", "noise", x, fm.zeros(2))
    raises('convert: unknown option "gard"; did you mean "guard"', flow.convert, x, "data", "noise", x, 0.5, "linear", { gard = 1 })
    local own = { target = function(x0) return x0 end }
    raises("convert: from: this prediction has no function centre", flow.convert, x, own, "noise", x, 0.5)
    raises("convert: unexpected argument 8", flow.convert, x, "data", "noise", x, 0.5, "linear", {}, 1)
  end)
end)
