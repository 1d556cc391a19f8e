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

  it("gives all of them when none is similar, up to 300 bytes of them", function()
    assert.equal('; did you mean "steps"?', nearest.advice_or_all("stpes", { "batch", "steps" }))
    assert.equal(" (one of: batch, seed)", nearest.advice_or_all("velocity", { "batch", "seed" }))
    assert.equal(" (there is none)", nearest.advice_or_all("velocity", {}))
    local as <const>, bs <const> = ("a"):rep(149), ("b"):rep(149)
    assert.equal((" (one of: %s, %s)"):format(as, bs), nearest.advice_or_all("velocity", { as, bs }))
    assert.equal("", nearest.advice_or_all("velocity", { as, bs .. "b" }))
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

describe("objects name the method that was probably meant", function()
  local checks <const> = require "tests.lua.checks"

  local function read(object, name) return object[name] end

  it("of random streams and pictures", function()
    local rng = fm.rng(1, "nearest_spec")
    checks.raises_text('rng has no method "normla"; did you mean "normal"?', read, rng, "normla")
    checks.raises_text('rng has no method "velocity"', read, rng, "velocity")
    assert.is_nil(rng[1])
    local picture = fm.plot.scatter(fm.zeros(2, 2), { size = 100 })
    checks.raises_text('a picture has no "svae"; did you mean "save"?', read, picture, "svae")
    assert.is_nil(picture.owner)
  end)

  it("of models, whose fields may be asked for", function()
    local model = fm.nn.linear(2, 1)
    checks.raises_text('a model has no "parmeters"; did you mean "parameters"?', read, model, "parmeters")
    checks.raises_text('a model has no "laod_state"; did you mean "load_state"?', read, model, "laod_state")
    assert.is_nil(model.stats)
    assert.is_nil(model.velocity)
    model.paramters = 3
    assert.equal(3, model.paramters)
  end)

  it("of what a solve tells", function()
    local _, info = fm.ode.solve(function(x) return x end, fm.ones(1, 1), { method = "euler", steps = 2 })
    checks.raises_text('info has no "acepted"; did you mean "accepted"?', read, info, "acepted")
    assert.is_nil(info.states)
    assert.is_nil(info.x0)
    _, info = fm.ode.solve(function(x) return x end, fm.ones(2, 1), { method = "tsit5", control = "sample" })
    checks.raises_text('info has no "histgram"; did you mean "histogram"?', read, info, "histgram")
    assert.truthy(info.histogram)
  end)
end)
