-- bmm and attention split their slices over threads: the numbers are those of one slice at a time,
-- and the same bits whatever the number of threads.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local on_threads <const> = checks.on_threads

local rng <const> = fm.rng(3, "threads_attention_spec")
local near <const> = fm.real == "double" and 1e-11 or 2e-4

local function attend(q, k, v)
  local d = q:shape()[3]
  return (q:bmm(k:permute { axes = { 1, 3, 2 } }) / math.sqrt(d)):softmax { axis = 3 }:bmm(v)
end

local function compare(expected, found)
  for i, e in ipairs(expected) do checks.near(e, found[i], near) end
end

describe("slices on many threads", function()
  checks.no_bytes_stay(before_each, after_each)

  it("bmm gives the products of each slice", function()
    for _, case in ipairs { { 33, 64, 32, 48 }, { 1, 64, 64, 65 }, { 1000, 3, 4, 5 }, { 64, 1, 7, 1 }, { 7, 90, 1, 80 } } do
      local s, m, k, n = table.unpack(case)
      local a, b, dy = rng:normal(s, m, k), rng:normal(s, k, n), rng:normal(s, m, n)
      local found = on_threads(fm.bmm, { a, b }, dy)
      for _, i in ipairs { 1, (s + 1) // 2, s } do
        local one = on_threads(fm.matmul, { a[i], b[i] }, dy[i])
        compare(one, { found[1][i], found[2][i], found[3][i] })
      end
    end
  end)

  it("attention gives what its parts give", function()
    -- L x S of the third and fourth is more than a tile holds at a time; the last has fewer
    for _, case in ipairs { { 64, 64, 64, 32, 32 }, { 9, 80, 100, 16, 24 }, { 3, 300, 500, 8, 8 }, { 1, 70, 2000, 4, 4 }, { 300, 5, 4, 3, 2 } } do
      local g, l, s, d, e = table.unpack(case)
      local inputs, dy = { rng:normal(g, l, d), rng:normal(g, s, d), rng:normal(g, s, e) }, rng:normal(g, l, e)
      local found, expected = on_threads(fm.attention, inputs, dy), nil
      do
        local tape <close> = fm.record()
        local p = {}
        for i, x in ipairs(inputs) do p[i] = fm.parameter(x:clone()) end
        local y = attend(table.unpack(p))
        y:backward(dy)
        expected = { y:detach() }
        for i, x in ipairs(p) do expected[i + 1] = x:grad():clone():detach() end
      end
      compare(expected, found)
    end
  end)

  it("attention to more keys than a stack holds", function()
    local keys = 70000
    local q, k, v = rng:normal(1, 2, 2), rng:normal(1, keys, 2), rng:normal(1, keys, 1)
    local found = on_threads(fm.attention, { q, k, v }, rng:normal(1, 2, 1))
    checks.near(attend(q, k, v), found[1], near)
  end)

  it("a tensor that attends to itself, or to an overlapping range, gets the sum of three gradients", function()
    local g, l, d = 40, 40, 16
    local x, dy = rng:normal(g + 2, l, d), rng:normal(g, l, d)
    local function part(t, first) return t:slice { axis = 1, first = first, last = first + g - 1 } end
    for _, firsts in ipairs { { 1, 1, 1 }, { 1, 2, 3 }, { 2, 1, 2 } } do
      local a, b, c = table.unpack(firsts)
      local found = on_threads(function(t) return fm.attention(part(t, a), part(t, b), part(t, c)) end, { x }, dy)
      local apart = on_threads(fm.attention, { part(x, a):clone(), part(x, b):clone(), part(x, c):clone() }, dy)
      local sum = fm.zeros(g + 2, l, d)
      for i, first in ipairs(firsts) do
        local to = part(sum, first)
        to:copy(to + apart[i + 1])
      end
      compare({ apart[1], sum }, found)
    end
    local whole = rng:normal(g, l, d)
    local found = on_threads(function(t) return t:attention(t, t) end, { whole }, dy)
    local apart = on_threads(fm.attention, { whole, whole, whole }, dy)
    compare({ apart[1], apart[2] + apart[3] + apart[4] }, found)
    local square = rng:normal(60, 40, 40)
    local product = on_threads(function(t) return t:bmm(t) end, { square }, square)
    local two = on_threads(fm.bmm, { square, square }, square)
    compare({ two[1], two[2] + two[3] }, product)
  end)
end)
