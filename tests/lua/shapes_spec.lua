-- data.shapes32 against its formulas: areas, places, turns, colours and shares of the three kinds.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local pi <const> = math.pi

local n <const>, side <const> = 900, 32

--- What is drawn in plane 1 of a picture: { back, front, cover [side, side] in 0..1 }. The corner
--- with the most like it is background; front is the value furthest from it.
local function read(plane)
  local corners = { plane[1], plane[side], plane[side * side - side + 1], plane[side * side] }
  table.sort(corners)
  local back, low, high = corners[2], plane:min():item(), plane:max():item()
  local front = math.abs(low - back) > math.abs(high - back) and low or high
  if math.abs(front - back) < 0.15 then return { back = back, front = front } end
  return { back = back, front = front, cover = ((plane - back) / (front - back)):reshape(side, side) }
end

describe("shapes32", function()
  local found = { {}, {}, {} }
  teardown(function() found = nil end)
  checks.no_bytes_stay(setup, teardown)

  setup(function()
    local x, labels = fm.data.shapes32 { n = n, rng = fm.rng(4) }
    for i, kind in ipairs(labels:totable()) do table.insert(found[math.tointeger(kind)], read(x[i]:reshape(3, side * side)[1])) end
  end)

  --- The mean over pictures of a kind that can be read well.
  local function mean(kind, f)
    local sum, count = 0, 0
    for _, one in ipairs(found[kind]) do
      if one.cover then sum, count = sum + f(one.cover, one), count + 1 end
    end
    return sum / count
  end

  local function area(cover) return cover:sum():item() end
  local at = fm.range(0.5, side - 0.5)
  local function centre(cover, axis) return (cover:sum(axis) * at):sum():item() / area(cover) end

  it("has each kind as often", function()
    for kind = 1, 3 do assert.near(1 / 3, #found[kind] / n, 5 * math.sqrt(2 / 9 / n)) end
  end)

  it("has discs of radius r, squares of half side 0.9 r and triangles in a circle of 1.2 r, r in 5..11", function()
    local r2 <const> = (5 * 5 + 5 * 11 + 11 * 11) / 3
    for kind, factor in ipairs { pi, 1.8 ^ 2, 3 * math.sqrt(3) * 0.6 ^ 2 } do assert.near(1, mean(kind, area) / (factor * r2), 0.06) end
    -- the smallest and the largest disc
    local least, most = math.huge, 0
    for _, one in ipairs(found[1]) do
      if one.cover then
        local r = math.sqrt(area(one.cover) / pi)
        least, most = math.min(least, r), math.max(most, r)
      end
    end
    assert.near(5, least, 0.12)
    assert.near(11, most, 0.12)
  end)

  it("has them at places in 11..21, evenly", function()
    local sums, squares, count = { 0, 0 }, { 0, 0 }, 0
    for _, one in ipairs(found[1]) do
      if one.cover then
        count = count + 1
        for axis = 1, 2 do
          local c = centre(one.cover, axis)
          assert.is_true(c > 10.9 and c < 21.1)
          sums[axis], squares[axis] = sums[axis] + c, squares[axis] + (c - 16) ^ 2
        end
      end
    end
    for axis = 1, 2 do
      assert.near(16, sums[axis] / count, 5 * math.sqrt(100 / 12 / count))
      assert.near(1, squares[axis] / count / (100 / 12), 0.2)
    end
  end)

  it("turns squares and triangles by any angle, and makes no triangle of a square", function()
    -- the width of a square of side a that is turned by v is a (|cos v| + |sin v|)
    local function width(cover) return cover:max(1):sum():item() end
    assert.near(4 / pi, mean(2, function(cover) return width(cover) / math.sqrt(area(cover)) end), 0.06)
    -- of a triangle: the mean width is its circumference over pi
    assert.near(3 * 2 / math.sqrt(math.sqrt(3)) / pi, mean(3, function(cover) return width(cover) / math.sqrt(area(cover)) end), 0.09)
    -- (E z^3)^2 / (E z^2)^3 along a line: 0.32 cos(3 v)^2 of a triangle that is turned by v, 0 of
    -- what is the same upside down
    local function skew(cover)
      local z, line = at - centre(cover, 1), cover:sum(1) / area(cover)
      return (line * z ^ 3):sum():item() ^ 2 / (line * z ^ 2):sum():item() ^ 3
    end
    assert.near(0.16, mean(3, skew), 0.03)
    assert.near(0, mean(2, skew), 0.02)
  end)

  it("turns triangles by all angles alike", function()
    -- the third moment of x + iy turns three times as fast as the triangle
    local cosines, sines = {}, {}
    for _, one in ipairs(found[3]) do
      if one.cover then
        local y, x = (at - centre(one.cover, 2)):reshape(-1, 1), at - centre(one.cover, 1)
        local re, im = (one.cover * (x ^ 3 - x * y ^ 2 * 3)):sum():item(), (one.cover * (x ^ 2 * y * 3 - y ^ 3)):sum():item()
        local size = math.sqrt(re * re + im * im)
        cosines[#cosines + 1], sines[#sines + 1] = re / size, im / size
      end
    end
    local deviation = math.sqrt(1 / 2 / #cosines)
    assert.near(0, fm.tensor(cosines):mean():item(), 2.5 * deviation) -- 0.2 when they turn by half a circle at most
    assert.near(0, fm.tensor(sines):mean():item(), 2.5 * deviation)
  end)

  it("is dark behind and light in front: uniform in -1.1..0.1, cut at -1, and in -0.2..1", function()
    local backs, fronts = {}, {}
    for kind = 1, 3 do
      for _, one in ipairs(found[kind]) do backs[#backs + 1], fronts[#fronts + 1] = one.back, one.front end
    end
    local back, front = fm.tensor(backs), fm.tensor(fronts)
    assert.near(-0.5 + 0.1 ^ 2 / 2 / 1.2, back:mean():item(), 0.04)
    assert.near(0.4, front:mean():item(), 0.05)
    assert.near(-1, back:min():item(), 1e-6)
    assert.near(0.1, back:max():item(), 0.01)
    assert.near(1, front:max():item(), 0.01)
    assert.near(1 / 12, back:eq(-1):mean():item(), 0.05)
  end)
end)
