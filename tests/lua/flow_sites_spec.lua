-- The semidiscrete coupling's sites by hand: what they choose, their steps, their rate, chi^2.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local sites <const> = require "fm.flow.coupling.parts.sites"
local limit <const> = fm.real == "double" and 1e-9 or 1e-4

local points <const> = { { 0, 0 }, { 2, 0.5 }, { -1, 1.5 } }
local n <const> = #points

--- The draws of a step, with what was asked for.
local function source()
  local asked = {}
  return function(count, step)
    asked[#asked + 1] = { count, step }
    return fm.rng(5):at(step):normal(count, 2)
  end, asked
end

--- The score of each site at x, g - |x - y|^2, without what is the same for all.
local function scores(x, g)
  local list = {}
  for j, y in ipairs(points) do list[j] = g[j] - (x[1] - y[1]) ^ 2 - (x[2] - y[2]) ^ 2 end
  return list
end

local function counts_of(xs, g)
  local counts, index = { 0, 0, 0 }, {}
  for i, x in ipairs(xs) do
    local list, best = scores(x, g), 1
    for j = 2, n do
      if list[j] > list[best] then best = j end
    end
    counts[best], index[i] = counts[best] + 1, best
  end
  return counts, index
end

--- The median of the gaps between the best score and the next, over 256 draws; at least a millionth
--- of the mean square.
local function gap_of(draw, g)
  local gaps = {}
  for part = 1, 16 do
    for _, x in ipairs(draw(16, part):totable()) do
      local list = scores(x, g)
      table.sort(list)
      gaps[#gaps + 1] = list[n] - list[n - 1]
    end
  end
  table.sort(gaps)
  return gaps[128]
end

local function descended(draw, g, steps, batch, lr)
  local at, sum, kept = { table.unpack(g) }, { 0, 0, 0 }, 0
  for step = 1, steps do
    local counts = counts_of(draw(batch, step):totable(), at)
    if 2 * step > steps then kept = kept + 1 end
    for j = 1, n do
      at[j] = at[j] - (counts[j] / batch - 1 / n) * lr / (1 + 30 * step / steps)
      if 2 * step > steps then sum[j] = sum[j] + at[j] end
    end
  end
  local mean = (sum[1] + sum[2] + sum[3]) / kept / n
  for j = 1, n do sum[j] = sum[j] / kept - mean end
  return sum
end

describe("sites", function()
  checks.no_bytes_stay(setup, teardown)

  local draw <const>, of_spec <const> = source(), source()

  local function near(want, potentials)
    for j = 1, n do assert.near(want[j], potentials[j], limit) end
  end

  it("choose the point whose potential less the squared distance is largest", function()
    local s = sites.of(fm.tensor(points))
    assert.equal(n, #s)
    near({ 0, 0, 0 }, s.potentials)
    for _, g in ipairs { { 0, 0, 0 }, { 1, -0.5, 0.25 }, { 0, 9, 0 } } do
      s:set(fm.tensor(g))
      local x = of_spec(50, 1)
      local counts, index = counts_of(x:totable(), g)
      local chosen, counted = s:choose(x)
      assert.same(index, chosen:totable())
      assert.same(counts, counted:totable())
    end
  end)

  it("measure by chi^2 how unequally they are chosen, 0 in the mean where all are alike", function()
    -- n / (B (B - 1)) sum c (c - 1) - 1
    assert.near(3 * (6 + 2 + 0) / (6 * 5) - 1, sites.chi2(fm.tensor { 3, 2, 1 }, 6), 1e-6)
    assert.near(2, sites.chi2(fm.tensor { 6, 0, 0 }, 6), 1e-6)
    assert.near(3 * 6 / 30 - 1, sites.chi2(fm.tensor { 2, 2, 2 }, 6), 1e-6)
  end)

  it("descend in steps that shrink to a 31st, and keep the mean of the later half", function()
    for steps = 1, 5 do
      local s, given = sites.of(fm.tensor(points)), { 0.5, -0.25, -0.25 }
      local of_step, asked = source()
      s:set(fm.tensor(given))
      local chi2 = s:fit(of_step, { steps = steps, batch = 8, lr = 2, potentials = true })
      near(descended(of_spec, given, steps, 8, 2), s.potentials)
      for i = 1, steps do assert.same({ 8, i }, asked[i]) end
      assert.equal(steps + 16, #asked) -- 65,536 test draws
      local total = fm.zeros(n)
      for i = 0, 15 do
        assert.same({ 4096, steps + 1 + i }, asked[steps + 1 + i])
        total = total + select(2, s:choose(draw(4096, steps + 1 + i)))
      end
      assert.near(sites.chi2(total, 65536), chi2, 1e-6)
    end
  end)

  it("set their rate by ten gaps times the batch or their number, twice before the last descent", function()
    for _, batch in ipairs { 2, 8 } do
      local s = sites.of(fm.tensor(points))
      s:fit(source(), { steps = 4, batch = batch })
      local g = { 0, 0, 0 }
      for _ = 1, 3 do g = descended(of_spec, g, 4, batch, 10 * gap_of(of_spec, g) * math.min(batch, n)) end
      near(g, s.potentials)
      -- potentials that are given are only refined
      s:set(fm.tensor { 0.5, -0.25, -0.25 })
      s:fit(source(), { steps = 4, batch = batch, potentials = true })
      g = { 0.5, -0.25, -0.25 }
      near(descended(of_spec, g, 4, batch, 10 * gap_of(of_spec, g) * math.min(batch, n)), s.potentials)
    end
    local far = sites.of(fm.tensor { { 0, 0 }, { 1e4, 0 } }) -- draws midway between two points have no gap
    local wide = 1e-6 * far.square:mean():item()
    far:fit(function(count) return fm.zeros(count, 2) + fm.tensor { 5e3, 0 } end, { steps = 1, batch = 2, potentials = true })
    assert.near(10 * wide * 2 * 0.5 / 31 * 2, far.potentials[2] - far.potentials[1], limit) -- but a millionth of their squares
    local of_one, calls = source()
    assert.equal(0, sites.of(fm.ones(1, 2)):fit(of_one, { steps = 4, batch = 2 }))
    assert.same({}, calls)
  end)

  it("of 128 points or more begin with the potentials of every fourth, carried over by 4,096 draws", function()
    for _, count in ipairs { 127, 128 } do
      local all <const> = fm.rng(7):normal(count, 2)
      local large = sites.of(all)
      local of_large, asked = source()
      large:fit(of_large, { steps = 1, batch = 4, lr = 0 })
      if count == 127 then checks.near(large.potentials, fm.zeros(127)) else
        local part = sites.of(all:index_select(fm.range(1, 128, 4), 1))
        part:fit(source(), { steps = 1, batch = 4 })
        local g, xs, ys, part_ys = part.potentials:totable(), of_spec(4096, 0):totable(), all:totable(), part.points:totable()
        local function apart(x, y) return (x[1] - y[1]) ^ 2 + (x[2] - y[2]) ^ 2 end
        local phi = {} -- the most that a draw gets from the sites of the part
        for i, x in ipairs(xs) do
          phi[i] = -math.huge
          for j, y in ipairs(part_ys) do phi[i] = math.max(phi[i], g[j] - apart(x, y)) end
        end
        local want, mean = {}, 0
        for j, y in ipairs(ys) do
          want[j] = math.huge
          for i, x in ipairs(xs) do want[j] = math.min(want[j], phi[i] + apart(x, y)) end
          mean = mean + want[j] / count
        end
        for j = 1, count do assert.near(want[j] - mean, large.potentials[j], limit) end
        assert.same({ 4, 1 }, asked[#asked - 16])
      end
    end
  end)
end)
