-- gradcheck itself: it finds wrong gradients, and leaves its inputs as they were.
local fm <const> = require "fm"

describe("gradcheck", function()
  --- y = 2 x whose gradient is `slope(i)` for number i.
  local function doubled(slope)
    return fm.custom {
      forward = function(x) return x * 2 end,
      backward = function(_, dy)
        local dx = dy:clone()
        for i = 1, #dx do dx[i] = dy[i] * slope(i) end
        return dx
      end,
    }
  end

  it("passes what is right, and names the worst entry of what is not", function()
    local w = fm.parameter(fm.tensor { 1, 2, 3 })
    assert.is_true(fm.gradcheck(doubled(function() return 2 end), { w }))
    local ok, message = fm.gradcheck(doubled(function(i) return i == 2 and 5 or 2 end), { w })
    assert.is_nil(ok)
    assert.matches("^input 1, number 2: gradient ", message)
  end)

  it("takes the error as a share of the larger of both, of either sign", function()
    local w <const> = fm.parameter(fm.tensor { 1 })
    for _, case in ipairs { { 1000, 0.998 }, { -1000, 1.002 } } do -- instead of 2
      local slope, share = table.unpack(case)
      local function passes(tolerance) return fm.gradcheck(doubled(function() return slope end), { w }, { tolerance = tolerance }) == true end
      assert.same({ true, false }, { passes(share + 1e-3), passes(share - 1e-3) }, "gradient " .. slope)
    end
  end)

  it("finds a gradient that is not a number, wherever it is", function()
    local w = fm.parameter(fm.tensor { 1, 2, 3 })
    for k = 1, 3 do
      local ok, message = fm.gradcheck(doubled(function(i) return i == k and 0 / 0 or 2 end), { w })
      assert.is_nil(ok)
      assert.matches("^input 1, number " .. k .. ": gradient %-?nan", message)
    end
  end)

  it("leaves its inputs as they were after an error, also in a coroutine", function()
    local w, calls = fm.parameter(fm.tensor { 1, 2, 3 }), 0
    local thing = {}
    local function f(x)
      calls = calls + 1
      if calls % 4 == 0 then error(thing) end
      return x:square()
    end
    for _, where in ipairs { pcall, function(...) return coroutine.resume(coroutine.create(...)) end } do
      local ok, problem = where(function() fm.gradcheck(f, { w }) end)
      assert.is_false(ok)
      assert.equal(thing, problem)
      assert.same({ 1, 2, 3 }, w:totable())
      assert.is_false(fm.is_recording())
    end
  end)

  it("refuses to check nothing", function()
    local ok, message = pcall(fm.gradcheck, fm.exp, { fm.ones(3) })
    assert.is_false(ok)
    assert.matches("gradcheck: inputs: none of them is a parameter", message)
  end)
end)
