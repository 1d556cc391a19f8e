-- layer_norm and rms_norm whose weight and bias are rows, one for some rows of x each.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"

local double <const> = fm.real == "double"
local in_double <const> = checks.in_double(it)
local small <const> = double and 1e-12 or 2e-5

describe("norms with rows of weights", function()
  checks.no_bytes_stay(before_each, after_each)
  local rng <const> = fm.rng(3, "norm_rows_spec")
  local function normal(...) return rng:normal(...) end
  local function near(want, got) assert.is_true((want - got):abs():max():item() <= small) end
  -- shapes of x and of the weight
  local shapes <const> = {
    { { 3, 5, 4 }, { 3, 1, 4 } }, { { 2, 3, 5, 4 }, { 2, 3, 1, 4 } }, { { 2, 3, 5, 4 }, { 2, 1, 1, 4 } }, { { 3, 5, 4 }, { 3, 5, 4 } },
    { { 3, 5, 4 }, { 1, 1, 4 } }, { { 1, 5, 4 }, { 1, 1, 4 } }, { { 3, 4 }, { 3, 4 } }, { { 3, 1, 4 }, { 3, 1, 4 } }, { { 40, 9, 67 }, { 40, 1, 67 } },
  }

  it("are the norm times the weight plus the bias, with the same gradients", function()
    for _, s in ipairs(shapes) do
      local x, w, b = normal(table.unpack(s[1])), normal(table.unpack(s[2])), normal(table.unpack(s[2]))
      local dy <const> = normal(table.unpack(s[1]))
      local function gradients(f)
        local p, q, r = fm.parameter(x), fm.parameter(w), fm.parameter(b)
        local tape <close> = fm.record()
        local y <const> = f(p, q, r)
        y:backward(dy)
        return y:detach(), p:grad(), q:grad(), r:grad()
      end
      local function compare(want, got)
        assert.same(want[1]:shape(), got[1]:shape())
        assert.equal(0, (want[1] - got[1]):abs():max():item())
        for i = 2, 4 do
          if want[i] then near(want[i], got[i]) end
        end
      end
      compare({ gradients(function(p, q, r) return fm.layer_norm(p) * q + r end) }, { gradients(fm.layer_norm) })
      compare({ gradients(function(p, q) return fm.layer_norm(p) * q end) }, { gradients(function(p, q) return fm.layer_norm(p, q) end) })
      compare({ gradients(function(p, q) return fm.rms_norm(p) * q end) }, { gradients(function(p, q) return fm.rms_norm(p, q) end) })
    end
  end)

  in_double("have the derivatives that differences have, and those along a direction", function()
    for i = 1, 4 do
      local s <const> = shapes[i]
      local x, w, b = normal(table.unpack(s[1])), normal(table.unpack(s[2])), normal(table.unpack(s[2]))
      assert(fm.gradcheck(fm.layer_norm, { fm.parameter(x), fm.parameter(w), fm.parameter(b) }))
      local to <const> = { normal(table.unpack(s[1])), normal(table.unpack(s[2])), normal(table.unpack(s[2])) }
      near(select(2, fm.jvp(function(p, q, r) return fm.layer_norm(p) * q + r end, { x, w, b }, to)), select(2, fm.jvp(fm.layer_norm, { x, w, b }, to)))
    end
  end)

  it("add up where inputs are views of the same numbers", function()
    local dy <const> = normal(3, 5, 4)
    local numbers <const> = normal(60)
    local function gradient(f)
      local p <const> = fm.parameter(numbers)
      local tape <close> = fm.record()
      f(p:reshape(3, 5, 4), p[{ 1, 12 }]:reshape(3, 1, 4), p[{ 5, 16 }]:reshape(3, 1, 4)):backward(dy)
      return p:grad()
    end
    near(gradient(function(x, w, b) return fm.layer_norm(x) * w + b end), gradient(fm.layer_norm))
  end)

  it("say what does not fit", function()
    local x <const> = normal(3, 5, 4)
    local function fails(text, ...)
      local ok, message = pcall(fm.layer_norm, x, ...)
      assert.is_false(ok)
      assert.truthy(tostring(message):find(text, 1, true))
    end
    fails("weight is [3, 1, 5]", normal(3, 1, 5))
    fails("weight is [1, 5, 4]", normal(1, 5, 4))
    fails("weight is [3, 4]", normal(3, 4))
    fails("weight is [3, 1, 4], bias is [4]", normal(3, 1, 4), normal(4))
    fails("bias is [3, 1, 4]", normal(4), normal(3, 1, 4))
  end)
end)
