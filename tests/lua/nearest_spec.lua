-- The end of a message about a wrong name: the name that was probably meant.
local fm <const> = require "fm"
local nearest <const> = require "fm.parts.nearest"

describe("nearest", function()
  it("names what is most like the word", function()
    assert.equal('; did you mean "steps"?', nearest.advice("stpes", { "batch", "steps", "seed" }))
    assert.equal('; did you mean "moons.lua"?', nearest.meant "moons.lua")
  end)

  it("gives the text for that case, or nothing, when no name is similar", function()
    assert.equal("", nearest.advice("velocity", { "batch", "steps" }))
    assert.equal("", nearest.advice("steps", {}))
    assert.equal("; see fmrun help", nearest.advice("velocity", { "batch" }, "; see fmrun help"))
    assert.equal('; did you mean "batch"?', nearest.advice("bach", { "batch" }, "; see fmrun help"))
  end)

  it("has none for what is no string", function()
    assert.equal("", nearest.advice(12, { "12" }))
    assert.equal("", nearest.advice(nil, { "nil" }))
  end)

  it("takes the first of two that are as near", function()
    assert.equal("bat", fm.nearest("cat", { "bat", "hat" }))
  end)

  it("prefers the first letter of the word, then its letters", function()
    assert.equal("silu", fm.nearest("slu", { "elu", "silu" }))
    assert.equal("rk45", fm.nearest("rk54", { "rk4", "rk45" }))
    assert.equal("adam", fm.nearest("adamm", { "adam", "adamw" })) -- no swap: the first
    assert.equal("elu", fm.nearest("slu", { "elu", "silence" }))
    assert.equal("a", fm.nearest("", { "cat", "a" })) -- no letter at all
  end)

  it("finds among thousands of names", function()
    local names = {}
    for i = 1, 1500 do names[i] = ("run%04d"):format(i) end
    assert.equal("run1400", fm.nearest("rum1400", names))
    assert.equal("run0001", fm.nearest("rum0001", names))
  end)

  it("refuses names that are no strings", function()
    assert.error_matches(function() fm.nearest("x", { "y", 2 }) end, "expected a string")
    assert.error_matches(function() fm.nearest("x", "y") end, "expected a table")
  end)
end)
