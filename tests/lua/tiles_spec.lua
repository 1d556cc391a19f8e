-- Ops over rows, sums, picks and copies, at sizes that make several tiles with an uneven last one:
-- the numbers and the gradients are the same, bit for bit, for any number of threads, and they are
-- those of the same op over pieces that are too small to split.
local fm <const> = require "fm"
local threads <const> = require "fm.core".system.threads
local checks <const> = dofile "tests/lua/checks.lua"

local double <const> = fm.real == "double"
local tile <const> = 16384 -- FM_TILE
local rng <const> = fm.rng(12, "tiles_spec")

-- The value of f at parameters with the numbers of `inputs`, and its gradients by those that are
-- not in `fixed`, for a result's gradient dy of f's shape.
local function value_and_gradients(f, inputs, fixed, dy)
  local tape <close> = fm.record()
  local given, found = {}, {}
  for i, x in ipairs(inputs) do given[i] = (fixed or {})[i] and x or fm.parameter(x) end
  local y = f(table.unpack(given))
  found[1] = y:clone():detach()
  if not fm.needs_grad(y) then return found end
  y:backward(dy)
  for i, p in ipairs(given) do
    if not (fixed or {})[i] then found[#found + 1] = p:grad():clone():detach() end
  end
  return found
end

-- Two numbers with the same bits, or two NaNs.
local function same_number(a, b)
  return a == b and (a ~= 0 or 1 / a == 1 / b) or a ~= a and b ~= b
end

local function assert_same(expected, found, what)
  assert.same(expected:shape(), found:shape())
  local a, b = expected:reshape(-1):totable(), found:reshape(-1):totable()
  for i = 1, #a do
    if not same_number(a[i], b[i]) then error(("%s: number %d is %.17g, expected %.17g"):format(what, i, b[i], a[i])) end
  end
end

-- name, f, inputs, which inputs get no gradient
local function normal(...) return rng:normal(...) end

local cases <const> = {
  { "mse", fm.mse, { normal(5 * tile + 7), normal(5 * tile + 7) } },
  { "mse of a tensor and itself", function(x) return fm.mse(x, x * 0.5, { reduce = "sum" }) end, { normal(3 * tile + 1) } },
  { "huber", function(p, q) return fm.huber(p, q, { delta = 0.7 }) end, { normal(70, 1001), normal(70, 1001) } },
  { "cross_entropy", fm.cross_entropy, { normal(5003, 10), rng:integers(5003, 1, 10) }, { false, true } },
  { "cross_entropy of wide rows", fm.cross_entropy, { normal(9, 20001), rng:integers(9, 1, 20001) }, { false, true } },
  { "cat of columns", function(a, b, c) return fm.cat(a, b, c, 2) end, { normal(1001, 2), normal(1001, 67), normal(1001, 1) } },
  { "cat of rows", function(a, b) return fm.cat(a, b, 1) end, { normal(3, 20000), normal(2, 20000) } },
  { "stack", function(a, b) return fm.stack({ a, b }, { axis = 2 }) end, { normal(501, 67), normal(501, 67) } },
}

describe("tiles", function()
  checks.no_bytes_stay(before_each, after_each)
  after_each(function() threads(1) end)

  for _, case in ipairs(cases) do
    it(("of %s give the same bits for any number of threads"):format(case[1]), function()
      local _, f, inputs, fixed = table.unpack(case, 1, 4)
      threads(1)
      local dy = fm.rng(1, "tiles_spec"):normal(table.unpack(f(table.unpack(inputs)):shape()))
      local expected = value_and_gradients(f, inputs, fixed, dy)
      for _, n in ipairs { 2, 3, 4, 8 } do
        threads(n)
        for i, x in ipairs(value_and_gradients(f, inputs, fixed, dy)) do
          assert_same(expected[i], x, ("%s with %d threads, %s"):format(case[1], n, i == 1 and "value" or "gradient " .. i - 1))
        end
      end
    end)
  end

  it("of a path give the same bits, and those of its rows", function()
    for _, shape in ipairs { { 128, 3001 }, { 40001, 2 }, { 1, 5 * tile + 3 }, { 3, tile }, { 2, tile + 1 }, { 1, 1 } } do
      local x0, x1, t = rng:normal(table.unpack(shape)), rng:normal(table.unpack(shape)), rng:uniform(shape[1])
      local a, s, da, ds = t * t, 1 - t, t + t, t * 0 - 1
      local column = function(c) return c:reshape(shape[1], 1) end
      local xt, u = column(s) * x0 + column(a) * x1, column(da) * x1 + column(ds) * x0
      for _, n in ipairs { 1, 2, 3, 4, 8 } do
        threads(n)
        local found, slope = fm.path_sample(x0, x1, a, s, da, ds)
        assert_same(xt, found, "path")
        assert_same(u, slope, "slope")
      end
    end
  end)

  it("at their bounds: sums of just one tile, and of one number more", function()
    for _, n in ipairs { 1, tile - 1, tile, tile + 1, 2 * tile, 2 * tile + 1 } do
      local p, q = rng:normal(n), rng:normal(n)
      local a, b, squares, hubers = p:totable(), q:totable(), 0, 0
      for i = 1, n do
        local e = math.abs(a[i] - b[i])
        squares = squares + e * e
        hubers = hubers + (e <= 0.5 and e * e / 2 or 0.5 * (e - 0.25))
      end
      local limit = double and 1e-12 or 3e-7
      assert.near(1, fm.mse(p, q):item() * n / squares, limit)
      assert.near(1, fm.huber(p, q, { delta = 0.5 }):item() * n / hubers, limit)
    end
  end)
end)
