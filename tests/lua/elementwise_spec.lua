-- sin, cos and pow, which have vectorized versions of their own: beside Lua's (C's) where arguments
-- are large, zero, infinite or no numbers. (Their precision is tested in tests/core/vmath_test.c.)
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"

local limit <const> = fm.real == "double" and 1e-12 or 1e-6
local inf <const>, nan <const> = 1 / 0, 0 / 0

-- A number of `right`, as the tensors hold it, is found, or close to it.
local function check(what, right, found)
  right = fm.tensor({ right }):item()
  local same = right == found and 1 / right == 1 / found or right ~= right and found ~= found
  if same then return end
  local off = math.abs(found - right) / math.max(math.abs(right), fm.real == "double" and 1e-300 or 1e-37)
  assert(off <= limit, ("%s: expected %.17g, found %.17g"):format(what, right, found))
end

-- f at x and its slope there.
local function at(f, x)
  local tape <close> = fm.record()
  local y = f(x)
  y:sum():backward()
  local values, slopes = y:totable(), x:grad():totable()
  x:zero_grad()
  return values, slopes
end

describe("functions of one number", function()
  checks.no_bytes_stay(before_each, after_each)

  it("sin and cos take any number", function()
    local x = fm.parameter(fm.tensor { 0.5, 1e5, 999999, 1e6, 1000001, -3e7, 1e20, inf, -inf, nan, 2, -1e-30, 3 * math.pi })
    local sin, cos, given = math.sin, math.cos, x:totable()
    local sines, slopes_of_sin = at(fm.sin, x)
    local cosines, slopes_of_cos = at(fm.cos, x)
    for i, v in ipairs(given) do
      check("sin " .. v, sin(v), sines[i])
      check("slope of sin " .. v, cos(v), slopes_of_sin[i])
      check("cos " .. v, cos(v), cosines[i])
      check("slope of cos " .. v, -sin(v), slopes_of_cos[i])
    end
  end)

  it("pow is that of C for any base and exponent", function()
    local x = fm.parameter(fm.tensor { 0, -0.0, 1, -1, 2, -2, 0.3, -0.3, 1e-40, 3e38, -3e38, 1e-20, inf, -inf, nan })
    local given = x:totable()
    for _, exponent in ipairs { 0, 1, 2, 3, 4, 5, -1, -2, -3, 0.5, -0.5, 2.5, -2.5, 1 / 3, 100, -101, 1e9 } do
      local values, slopes = at(function(t) return t:pow(exponent) end, x)
      for i, v in ipairs(given) do
        local what = ("%g ^ %g"):format(v, exponent)
        check(what, v ^ exponent, values[i])
        local slope = exponent == 0 and 0.0 or exponent * fm.tensor({ v ^ (exponent - 1) }):item() + 0.0
        check("slope of " .. what, slope, slopes[i])
      end
    end
  end)
end)
