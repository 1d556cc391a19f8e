-- Derivatives along several directions in one pass, of which likelihoods and fm.jacobian are made.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local along <const> = require "fm.parts.along"
local core <const> = require "fm.core"

local double <const> = fm.real == "double"
local near <const>, raises <const> = checks.near, checks.raises

describe("along", function()
  checks.no_bytes_stay(before_each, after_each)
  local rng <const> = fm.rng(6, "along_spec")
  local x <const> = rng:normal(4, 3)
  local directions <const> = {}
  for i = 1, 19 do directions[i] = rng:normal(4, 3) end
  local function cube(a) return a * a * a end

  it("gives what one fm.jvp for each direction gives, to the bit", function()
    local w = rng:normal(3, 3)
    local function f(a) return (a:linear(w, { act = "silu" }) * a:sum { axis = 2, keep = true }):softmax(2) end
    for _, count in ipairs { 1, 2, 8, 9, 19 } do
      local y, dy = along(f, x, table.move(directions, 1, count, 1, {}))
      checks.same(f(x), y)
      assert.equal(count, #dy)
      for i = 1, count do checks.same((select(2, fm.jvp(f, { x }, { directions[i] }))), dy[i]) end
    end
  end)

  it("calls f once for eight directions", function()
    local calls = 0
    along(function(a)
      calls = calls + 1
      return a
    end, x, directions)
    assert.equal(3, calls)
  end)

  it("goes inside fm.jvp, and fm.jvp inside it", function()
    local _, inside = along(function(a) return select(2, fm.jvp(cube, { a }, { 1 })) end, x, directions)
    local _, outside = fm.jvp(function(a) return select(2, along(cube, a, directions))[12] end, { x }, { 1 })
    for i, v in ipairs(directions) do near(x * v * 6, inside[i], double and 1e-12 or 1e-4) end
    near(x * directions[12] * 6, outside, double and 1e-12 or 1e-4)
    local _, twice = along(function(a) return select(2, along(cube, a, { directions[1], directions[2] }))[2] end, x, { directions[3] })
    near(x * directions[2] * directions[3] * 6, twice[1], double and 1e-12 or 1e-4)
  end)

  it("does not make mixed derivatives", function()
    -- were one level inside the other, the tangent of the second would carry one of the first
    local first <close> = core.level()
    local second <close> = core.level(first)
    local y = cube(second:carry(first:carry(x, directions[1]), directions[2]))
    assert.is_nil(first:tangent(second:tangent(y)))
    assert.is_nil(second:tangent(first:tangent(y)))
    local third <close> = core.level()
    y = cube(third:carry(second:carry(first:carry(x, directions[1]), directions[2]), directions[3]))
    near(x * directions[1] * directions[3] * 6, first:tangent(third:tangent(y)), double and 1e-12 or 1e-4)
    near(x * directions[2] * directions[3] * 6, second:tangent(third:tangent(y)), double and 1e-12 or 1e-4)
  end)

  it("is recorded", function()
    local p = fm.parameter(x)
    local function f() return select(2, along(cube, p, directions))[11]:sum() end
    if double then assert(fm.gradcheck(f, { p })) end
    p:zero_grad()
    local tape <close> = fm.record()
    f():backward()
    near(x * directions[11] * 6, p:grad(), double and 1e-12 or 1e-4)
  end)

  it("closes its levels after an error", function()
    for _ = 1, 20 do pcall(along, function() error "no" end, x, directions) end
    local _, dy = along(cube, x, directions)
    near(x * x * directions[1] * 3, dy[1], double and 1e-12 or 1e-4)
    local closed = core.level()
    closed:close()
    raises("level: it is closed", core.level, closed)
    raises("level", core.level, 3)
  end)
end)
