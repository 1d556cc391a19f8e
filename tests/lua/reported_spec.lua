-- Numbers that a result comes with: how many passes, draws and evaluations there were, and how far
-- off it may be, each counted or computed beside it.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, ode <const>, nn <const> = fm.flow, fm.ode, fm.nn

describe("what is reported:", function()
  checks.no_bytes_stay(setup, teardown)

  local matrix <const> = fm.tensor { { 0.3, 1.5 }, { -0.5, 0.2 } }
  local calls = 0
  local function linear(x)
    calls = calls + 1
    return x:matmul(matrix)
  end
  local x <const> = fm.rng(1):normal(60, 2)
  local fixed <const> = { method = "heun", steps = 3 }

  local function density(o)
    for key, value in pairs(fixed) do o[key] = value end
    return flow.log_prob(linear, x, o)
  end

  it("backward_passes is evaluations times dimensions, or times probes", function()
    local _, info = density {}
    assert.same({ 6, 6 * 2 }, { info.nfe, info.backward_passes })
    for _, probes in ipairs { 1, 2, 5 } do
      _, info = density { divergence = "hutchinson", probes = probes, rng = fm.rng(2) }
      assert.same({ 6, 6 * probes }, { info.nfe, info.backward_passes })
    end
  end)

  -- v . A v = a11 + a22 + v1 v2 (a12 + a21) for signs v: with K probes the mean of v1 v2 tells how
  -- many of them agree, so also the deviation between them.
  it("standard_error of a density is the deviation between probes, over the root of their number", function()
    local exact = density {}
    for _, probes in ipairs { 2, 3, 8 } do
      local found, info = density { divergence = "hutchinson", probes = probes, rng = fm.rng(3) }
      local off, told = (found - exact):totable(), info.standard_error:totable()
      local seen = {}
      for i, each in ipairs(off) do
        local mean = each / (1.5 - 0.5) -- of v1 v2, up to its sign
        seen[math.floor(mean * probes + (mean < 0 and -0.5 or 0.5))] = true
        assert.near(math.sqrt(math.max(0, 1 - mean * mean) / (probes - 1)), told[i], 2e-3)
      end
      assert.is_true(seen[probes] or seen[-probes] or probes == 8)
      local bits, about = flow.bits_per_dimension(linear, x, { divergence = "hutchinson", probes = probes, rng = fm.rng(3), dequantise = false,
        method = "heun", steps = 3 })
      assert.equal(60, #bits)
      checks.near(about.standard_error, info.standard_error / (2 * math.log(2)), 1e-5)
    end
  end)

  it("standard_error of bits of tokens is what other rows and draws differ by", function()
    local B <const>, L <const>, logits <const> = 3, 2, { 1, 0, -0.5 }
    local row <const> = fm.tensor(logits)
    local function model(xt) return fm.zeros(#xt, L, 3) + row end
    local function bits(name, n)
      local rng = fm.rng(4, name)
      return fm.discrete.bits(model, rng:integers({ n, L }, 3), { path = { vocabulary = 3 }, rng = rng })
    end
    local values, claimed = {}, 0
    for k = 1, 1000 do
      local value, standard_error = bits("k" .. k, B)
      values[k], claimed = value, claimed + standard_error ^ 2 / 1000
    end
    local all = fm.tensor(values)
    assert.near((row:logsumexp():item() - 0.5 / 3) / math.log(2), all:mean():item(), 5 * math.sqrt(claimed / 1000))
    assert.near(1, math.sqrt(claimed) / all:std { unbiased = true }:item(), 0.1)
    assert.is_nil(select(2, bits("one", 1)))
  end)

  it("standard_error of a loss floor is what floors with other draws differ by", function()
    local points, values, claimed = fm.rng(7):normal(6, 2), {}, 0
    for k = 1, 40 do
      local floor, info = flow.loss_floor(points, { draws = 60, rng = fm.rng(8, "k" .. k) })
      values[k], claimed = floor, claimed + info.standard_error ^ 2 / 40
    end
    assert.near(1, math.sqrt(claimed) / fm.tensor(values):std { unbiased = true }:item(), 0.25)
  end)

  it("error_sum is the sum of the errors of all accepted steps, also where max_nfe ended the solve", function()
    local function field(z, t) return z * 0 + math.cos(3 * t) end
    local o = { method = "adaptive_heun", rtol = 0, atol = 1e-3, t1 = 3 }
    local sum, accepted, ends = 0, 0, 0
    for most = 4, 60 do
      o.max_nfe = most
      local _, info = ode.solve(field, fm.zeros(1), o)
      if info.accepted > accepted then
        assert.equal(accepted + 1, info.accepted)
        sum, accepted = sum + info.error * o.atol, info.accepted
      end
      if accepted > 0 then assert.near(1, info.error_sum / sum, 1e-4) end
      assert.is_true(info.nfe <= most)
      if info.status == "max_nfe" then ends = ends + 1 end
    end
    assert.is_true(accepted > 10 and ends > 20)
  end)

  it("error_sum leaves out a step that is taken back, because no evaluations are left to look into it", function()
    local function field(z, t) return z * 0 + math.cos(3 * t) end
    local sums, taken_back = { [0] = 0 }, 0
    local function solve(most, more)
      local o = { method = "dop853", rtol = 0, atol = 1e-6, t1 = 9, max_nfe = most }
      for key, value in pairs(more or {}) do o[key] = value end
      local _, info = ode.solve(field, fm.zeros(1), o)
      return info
    end
    for most = 14, 150 do
      local info = solve(most)
      sums[info.accepted] = info.error_sum
    end
    for most = 14, 150 do
      local info = solve(most, { save = 50 })
      assert.near(sums[info.accepted], info.error_sum, 1e-12 + 1e-4 * sums[info.accepted])
      if info.status == "max_nfe" and info.accepted < solve(info.nfe).accepted then taken_back = taken_back + 1 end
    end
    assert.is_true(taken_back > 0)
  end)

  it("nfe counts every call of the field", function()
    for _, o in ipairs { {}, { method = "euler", steps = 7 }, { method = "tsit5", first_step = 1, rtol = 1e-7 }, { control = "sample" }, { max_nfe = 9 } } do
      calls = 0
      local _, info = ode.solve(linear, x, o)
      assert.equal(calls, info.nfe)
    end
  end)

  it("calls() of a stream is how many draws it has made at its step", function()
    local rng = fm.rng(9)
    assert.equal(0, rng:calls())
    rng:normal(3)
    rng:uniform(2, 2)
    assert.equal(2, rng:calls())
    rng:integers(5, 1, 3)
    rng:permutation(4)
    rng:number()
    assert.equal(5, rng:calls())
    assert.equal(0, rng:stream "a":calls())
    local y = rng:normal(4)
    checks.same(y, fm.rng(9):at(0, 5):normal(4))
    assert.equal(0, rng:at(1):calls())
    assert.equal(7, rng:at(1, 7):calls())
    rng:normal(1)
    assert.same({ 8, 1 }, { rng:calls(), rng:step() })
  end)

  it("a permutation puts every number at every place as often, its own too", function()
    local n, draws, counts, fixed_points = 5, 4000, {}, 0
    local rng = fm.rng(10)
    for _ = 1, draws do
      for place, value in ipairs(rng:permutation(n):totable()) do
        local key = place * n + math.tointeger(value)
        counts[key] = (counts[key] or 0) + 1
        if value == place then fixed_points = fixed_points + 1 end
      end
    end
    for place = 1, n do
      for value = 1, n do assert.near(draws / n, counts[place * n + value] or 0, 5 * math.sqrt(draws * (1 / n) * (1 - 1 / n))) end
    end
    assert.near(draws, fixed_points, 5 * math.sqrt(draws)) -- one on average, with variance 1
  end)

  it("count() is how many numbers are trained", function()
    local model = nn.sequential { nn.linear(3, 4), nn.time_embedding(4), nn.linear(4, 2, { bias = false }) }
    assert.equal(3 * 4 + 4 + 4 * 2, model:count())
  end)
end)
