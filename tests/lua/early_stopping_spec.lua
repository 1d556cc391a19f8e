-- Early stopping at its edges: how many logs, what is better by more than min_delta, what a stopper
-- takes when it is told nothing.
local early <const> = require "fm.run.early_stopping"

--- The step at which a stopper ends a loop that logs these values; nil: never. And what it says.
local function ends(given, values)
  given.metric = "m"
  local stopper = early.new(given)
  for step, value in ipairs(values) do
    local why = early.heed(stopper, value, step)
    if why then return step, why end
  end
end

local function constant(n, value)
  local list = {}
  for i = 1, n do list[i] = value end
  return list
end

describe("early stopping", function()
  it("waits for 10 logs without a gain, looks for the least, and takes any gain, unless it is told otherwise", function()
    assert.equal(11, (ends({}, constant(30, 1))))
    assert.is_nil((ends({}, constant(10, 1))))
    for key, value in pairs { patience = 10, mode = "min", min_delta = 0 } do assert.equal(11, (ends({ [key] = value }, constant(30, 1)))) end
    local falling, rising = {}, {}
    for i = 1, 40 do falling[i], rising[i] = 1 - i * 1e-9, i end
    assert.is_nil((ends({}, falling)))
    assert.equal(11, (ends({}, rising)))
    assert.is_nil((ends({ mode = "max" }, rising)))
    assert.equal(11, (ends({ mode = "max" }, falling)))
  end)

  it("ends after just `patience` logs in a row, counted from the best", function()
    for patience = 1, 4 do
      assert.equal(3 + patience, (ends({ patience = patience }, { 3, 2, 1, 5, 4, 3, 2, 1, 1 })))
    end
    assert.equal(9, (ends({ patience = 3 }, { 5, 6, 6, 4, 6, 3, 3, 3, 3 })))
  end)

  it("takes a gain of just min_delta for none, in both directions", function()
    for mode, sign in pairs { min = -1, max = 1 } do
      local function series(gain)
        local list = {}
        for i = 0, 9 do list[i + 1] = 4 + sign * gain * i end
        return list
      end
      assert.equal(2, (ends({ mode = mode, patience = 1, min_delta = 0.25 }, series(0.25))))
      assert.is_nil((ends({ mode = mode, patience = 1, min_delta = 0.25 }, series(0.375))))
      assert.equal(2, (ends({ mode = mode, patience = 1 }, series(0))))
      -- small gains add up: the best stays until one is large enough
      assert.is_nil((ends({ mode = mode, patience = 3, min_delta = 0.25 }, series(0.125))))
      assert.equal(3, (ends({ mode = mode, patience = 2, min_delta = 0.25 }, series(0.125))))
    end
  end)

  it("never takes nan or infinity for the best, on either side, and says so when there is nothing else", function()
    local infinite <const> = { math.huge, -math.huge, 0 / 0, -math.huge }
    for _, mode in ipairs { "min", "max" } do
      local step, why = ends({ mode = mode, patience = 4 }, infinite)
      assert.same({ 4, "m was not finite for 4 logs" }, { step, why })
      assert.equal(5, (ends({ mode = mode, patience = 4 }, { 1, 1, 0 / 0, math.huge, -math.huge, 1 })))
    end
    assert.same({ 4, "m has been no better than 2, at step 2, for 2 logs" }, { ends({ patience = 2 }, { 3, 2, 2, -math.huge, 9 }) })
  end)
end)
