-- Names and values as they are written on a command line.
local named_values <const> = require "fm.parts.named_values"

describe("named values", function()
  it("are sorted by name, or in the order of the keys", function()
    local values <const> = { seed = 2, lr = 0.5, lr2 = 1 }
    assert.same({ "lr=0.5", "lr2=1", "seed=2" }, named_values(values, tostring))
    assert.same({ "seed=2", "lr=0.5" }, named_values(values, tostring, { "seed", "lr" }))
  end)

  it("leave out what has no value, and keep false", function()
    assert.same({ "b=false" }, named_values({ b = false }, tostring, { "a", "b" }))
    assert.same({}, named_values({}, tostring))
  end)

  it("are written by the function", function()
    assert.same({ "lr=<0.5>" }, named_values({ lr = 0.5 }, function(value) return "<" .. value .. ">" end))
  end)
end)
