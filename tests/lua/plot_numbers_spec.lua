-- The numbers behind pictures: the part of the plane that is shown, densities of points, cells.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local heat <const> = require "fm.plot.parts.heat"
local limits <const> = require "fm.plot.parts.limits"
local points_of <const> = require "fm.plot.parts.points"

describe("plot", function()
  checks.no_bytes_stay(setup, teardown)

  local function near(expected, found, slack)
    for i, value in ipairs(expected) do assert.near(value, found[i], slack or 1e-6) end
    assert.equal(#expected, #found)
  end

  it("shows all points with 4 % around them, unless a few are far from the rest", function()
    local grid = {}
    for i = 0, 30 do
      for k = 0, 30 do grid[#grid + 1] = { i / 30, 2 * k / 30 } end
    end
    near({ -0.04, 1.04, -0.08, 2.08 }, limits.around { fm.tensor(grid) })
    near({ -0.04, 1.04, -0.08, 2.08 }, limits.around { fm.tensor(grid)[{ 1, 500 }], fm.tensor(grid)[{ 501, 961 }] })
    -- beyond the middle 98 % half of its range is added at each side, and no more
    for _, far in ipairs { 1.3, 50, 1e6, 1e30 } do
      local list = table.move(grid, 1, #grid, 1, {})
      list[#list + 1] = { far, 1 }
      local box = limits.around { fm.tensor(list) }
      local right = math.min(far, 1.5)
      near({ -0.04 * right, 1.04 * right, -0.08, 2.08 }, box, 0.03)
      list[#list] = { 0.5, -far }
      box = limits.around { fm.tensor(list) }
      local low = math.max(-far, -1)
      near({ -0.04, 1.04, low - 0.04 * (2 - low), 2 + 0.04 * (2 - low) }, box, 0.06)
    end
    assert.equal(1, limits.outside(fm.tensor { { 0, 0 }, { 1, 1 }, { 5, 0 } }, { -0.5, 1.5, -0.5, 1.5 }))
  end)

  it("shows a visible part around one point, and 0..1 of none", function()
    near({ 1.5, 2.5, 18, 22 }, limits.around { fm.zeros(3, 2) + fm.tensor { 2, 20 } })
    near({ 0, 1, 0, 1 }, limits.around { fm.full({ 2, 2 }, 0 / 0) })
    near({ -0.5, 0.5, -0.04, 1.04 }, limits.around { fm.tensor { { 0, 0 }, { 0, 1 } } })
    assert.same({ -0.5, 0.5 }, { limits.widen(0, 0, 0.04) })
    assert.same({ 9, 11 }, { limits.widen(10, 10, 0.04) })
  end)

  it("counts a density over all points, those outside too", function()
    local inside, outside = fm.rng(1):uniform(300, 2), fm.rng(2):uniform(100, 2) + 5
    for _, cells in ipairs { 10, 25 } do
      local values, box, out = heat.values("x", fm.cat(inside, outside, 1), { limits = { 0, 1, 0, 1 }, cells = cells, size = 100 })
      assert.same({ cells, cells }, values:shape())
      assert.near(300 / 400, values:sum():item() / (cells * cells), 1e-5)
      assert.same({ 0, 1, 0, 1 }, box)
      assert.equal(100, out)
    end
    local values, box = heat.values("x", inside * fm.tensor { 4, 1 }, { limits = { 0, 4, 0, 1 }, cells = 40, size = 100 })
    assert.same({ 16, 40 }, values:shape()) -- a box of 4 : 1 is made 0.4 high
    assert.near(1, values:sum():item() * (4 * (box[4] - box[3])) / (16 * 40), 1e-5)
    near({ 0, 4, -0.3, 1.3 }, box)
  end)

  it("takes more cells for more points, between 16 and 160, and smaller, fainter discs", function()
    local function cells(n) return #(heat.values("x", fm.rng(1):uniform(n, 2), { limits = { 0, 1, 0, 1 }, size = 100 })) end
    assert.same({ 16, 26, 75, 160 }, { cells(10), cells(1000), cells(10000), cells(200000) })
    local radius, alpha = points_of.look(10, 480)
    assert.same({ 3.2, 0.85 }, { radius, alpha })
    radius, alpha = points_of.look(1000, 480)
    assert.near(9.5 * 1000 ^ -0.2, radius, 1e-9)
    assert.near(6.5 * 1000 ^ -0.3, alpha, 1e-9)
    radius, alpha = points_of.look(1e7, 480)
    assert.same({ 1.0, 0.08 }, { radius, alpha })
    assert.near(2 * 3.2, (points_of.look(10, 4 * 480)), 1e-9)
  end)

  it("asks a function at the middles of cells, the first row lowest", function()
    local asked
    local values = heat.values("x", function(x)
      asked = x:totable()
      return x[{ {}, 1 }] + x[{ {}, 2 }] * 10
    end, { limits = { 0, 2, 0, 1 }, cells = 4, size = 100 })
    near({ 0.25, 0.25 }, asked[1])
    near({ 0.75, 0.25 }, asked[2])
    near({ 1.75, 0.75 }, asked[8])
    assert.same({ { 2.75, 3.25, 3.75, 4.25 }, { 7.75, 8.25, 8.75, 9.25 } }, values:totable())
    heat.values("x", function(x)
      asked = x:totable()
      return x[{ {}, 1 }]
    end, { limits = { 0, 1, 0, 1 }, size = 100 })
    assert.equal(120 * 120, #asked)
  end)

  it("calls samples and reference so, unless they have names", function()
    assert.same({ "samples", "reference" }, points_of.names("x", nil))
    assert.same({ "a", "reference" }, points_of.names("x", { "a" }))
    assert.same({ "a", "b" }, points_of.names("x", { "a", "b" }))
  end)
end)
