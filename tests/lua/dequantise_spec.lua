-- flow.dequantise: every level stays in its bin, and is spread evenly over it.
local fm <const> = require "fm"
local checks <const> = require "tests.lua.checks"
local dequantise <const> = fm.flow.dequantise

describe("dequantise", function()
  checks.no_bytes_stay(before_each, after_each)

  it("leaves each level in its bin, at an even place", function()
    local scales <const> = { { bins = 256, low = 0, high = 1 }, { bins = 256, low = -1, high = 1 }, { bins = 2, low = 3, high = 5 },
      { bins = 7, low = -4, high = -1 } }
    for _, o in ipairs(scales) do
      local n = 7000
      local k = fm.rng(1, "dequantise_spec"):integers(n, 0, o.bins - 1)
      local x = k * ((o.high - o.low) / (o.bins - 1)) + o.low
      local y = dequantise(x, { rng = fm.rng(2), bins = o.bins, low = o.low, high = o.high })
      local u = (y - o.low) * (o.bins / (o.high - o.low)) - k
      local slack = fm.real == "double" and 1e-9 or 1e-3
      assert.is_true(u:min():item() > -slack and u:min():item() < 0.01 and u:max():item() < 1 + slack and u:max():item() > 0.99)
      assert.near(1 / 2, u:mean():item(), 5 * (1 / 12 / n) ^ 0.5)
      assert.near(1 / 12, u:var():item(), 5 * (1 / 180 / n) ^ 0.5)
    end
  end)

  it("has 256 levels from 0 to 1 by default", function()
    local x = fm.range(0, 255) / 255
    checks.same(dequantise(x, { rng = fm.rng(2), bins = 256, low = 0, high = 1 }), dequantise(x, { rng = fm.rng(2) }))
  end)
end)
