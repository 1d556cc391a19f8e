-- What a step of an optimizer needs, as a run records it.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local memory <const> = require "fm.parts.step_memory"

local size <const> = fm.real == "double" and 8 or 4

describe("the memory of a step", function()
  checks.no_bytes_stay(before_each, after_each)
  before_each(memory.reset)
  after_each(memory.reset)

  --- A step that makes another tensor as large as x.
  local function step(opt, w, x)
    return opt:step(function()
      local big = x * 2
      return (w + big[{ 1, 1 }]):sum(), 7
    end)
  end

  it("is the most that tensors held, and what of it was there before", function()
    local w, large, small = fm.parameter(fm.ones(10)), fm.zeros(1e5), fm.zeros(1e4)
    local opt = fm.optim.adam({ w }, { lr = 0.1 })
    assert.same({ 0, 0 }, { memory.peak, memory.held })
    assert.same({ 10.0, 7 }, { step(opt, w, large) })
    local before = fm.live_bytes()
    step(opt, w, large)
    assert.equal(before, memory.held)
    local own = (memory.peak - memory.held) / size
    assert.truthy(1e5 <= own and own <= 1e5 + 1000, own)

    local data, peak = fm.zeros(5e4), memory.peak
    step(opt, w, small)
    assert.equal(peak, memory.peak) -- that step needed less
    step(opt, w, large)
    assert.near(peak + 5e4 * size, memory.peak, 100)
    assert.near(before + 5e4 * size, memory.held, 100)
    assert.equal(5e4, #data)
    memory.reset()
    step(opt, w, small)
    assert.truthy(memory.peak < peak)
  end)

  it("counts a step in shares, and none that fails", function()
    local shares <const> = require "fm.parts.shares"
    local w, x = fm.parameter(fm.ones(10)), fm.ones(4, 10)
    local opt = fm.optim.sgd({ w }, { lr = 0.1 })
    assert.is_false(pcall(function() opt:step(function() error "no" end) end))
    assert.equal(0, memory.peak)
    shares.count = 2
    local ok = pcall(function() return opt:step(function(share) return (share(x) * w):square():mean() end) end)
    shares.count = 1
    assert.is_true(ok)
    assert.truthy(memory.peak > memory.held)
  end)
end)
