local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"

describe("tensor", function()
  checks.no_bytes_stay(setup, teardown)

  it("is made from tables, numbers and shapes", function()
    assert.same({ 2, 3 }, fm.tensor { { 1, 2, 3 }, { 4, 5, 6 } }:shape())
    assert.same({ { 1, 2 }, { 3, 4 } }, fm.tensor({ 1, 2, 3, 4 }, { 2, 2 }):totable())
    assert.equal(7, fm.tensor(7):item())
    assert.equal(0, fm.tensor(7):rank())
    assert.same({ 0, 0, 0 }, fm.zeros(3):totable())
    assert.same({ { 5, 5 } }, fm.full({ 1, 2 }, 5):totable())
    assert.same({ 1, 3, 5 }, fm.range(1, 5, 2):totable())
    assert.same({ 0, 0.5, 1 }, fm.linspace(0, 1, 3):totable())
    assert.same({ { 1, 0 }, { 0, 1 } }, fm.eye(2):totable())
  end)

  it("gives rows as views and numbers by index", function()
    local x = fm.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } }
    assert.same({ 3, 4 }, x[2]:totable())
    assert.equal(6, x[-1][2])
    assert.same({ { 3, 4 }, { 5, 6 } }, x[{ 2, 3 }]:totable())
    x[2] = 0
    assert.same({ 0, 0 }, x[2]:totable())
    x[2][1] = 9
    x[1] = fm.tensor { 7, 8 }
    x[{ 3, 3 }] = fm.tensor { { 1, 1 } }
    assert.same({ { 7, 8 }, { 9, 0 }, { 1, 1 } }, x:totable())
    assert.equal(3, #x)
    assert.equal(2, x:size(-1))
  end)

  it("is walked by ipairs to its last row, and indexed no further by anybody else", function()
    local sum, rows = 0, 0
    for i, v in ipairs(fm.tensor { 3, 4, 5 }) do sum = sum + i * v end
    for _, row in ipairs(fm.tensor { { 1, 2 }, { 3, 4 } }) do rows = rows + row[2] end
    for _ in ipairs(fm.zeros(0, 2)) do rows = rows + 100 end
    assert.same({ 26, 6 }, { sum, rows })
    assert.is_false(pcall(function() return fm.tensor { 3, 4, 5 }[4] end))
    assert.is_false(pcall(function() return fm.zeros(0, 2)[1] end))
  end)

  it("prints short ones whole and long ones cut", function()
    assert.equal("tensor [2, 2]\n{{1, 2},\n {3, 4}}", tostring(fm.tensor { { 1, 2 }, { 3, 4 } }))
    assert.equal("tensor [100] {1, 2, 3, ..., 98, 99, 100}", tostring(fm.range(1, 100)))
    assert.equal("tensor [3, 2]\n{{   1, -0.5},\n {1000,    2},\n { nan, -inf}}", tostring(fm.tensor { { 1, -0.5 }, { 1000, 2 }, { 0 / 0, -math.huge } }))
    assert.equal("tensor [9, 1]\n{{ 1},\n { 2},\n { 3}, ...,\n { 7},\n { 8},\n {10}}", tostring(fm.tensor({ 1, 2, 3, 4000, 5, 6, 7, 8, 10 }, 9, 1)))
    assert.equal("tensor [0, 2]", tostring(fm.zeros(0, 2)))
  end)

  it("copies with clone and shares with detach", function()
    local x = fm.tensor { 1, 2 }
    local c, d = x:clone(), x:detach()
    x:fill(5)
    assert.same({ 1, 2 }, c:totable())
    assert.same({ 5, 5 }, d:totable())
    c:copy(d)
    assert.same({ 5, 5 }, c:totable())
  end)

  it("needs no collectgarbage for 10,000 throw-away tensors under a cap", function()
    local old = fm.memory_limit(fm.live_bytes() + 256 * 1024 * 1024)
    local ok, message = pcall(function()
      for _ = 1, 10000 do fm.zeros(1024 * 1024) end
    end)
    fm.memory_limit(old)
    assert(ok, message)
  end)
end)
