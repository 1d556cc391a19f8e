-- What a second thread does for every op, forward alone and with the gradients: microseconds by the
-- wall clock with 1 and with 2 threads in turn, on shapes of tests/threads/shapes.lua: of about 64
-- numbers, of some thousand, and of a hundred thousand or more.
--   fmrun tests/bench/threads_ops.lua [-v] [seed=N] [PART/PARTS] [OP...]      -v: a row for each
--     case; 2/4: the second quarter of the ops; another seed draws other cases
-- Prints the cases that take longer with 2 threads, measured once more for longer, and what each
-- size gains in the middle.
local fm <const> = require "fm"
local cases <const> = dofile "tests/threads/cases.lua"
local seconds <const>, threads <const> = fm.system.seconds, fm.system.threads

local sizes <const> = { { "small", 32, 128 }, { "middle", 2000, 30000 }, { "large", 100000, 1000000 } }
local of_each <const>, shortest <const>, rounds <const>, limit <const> = 2, 0.0012, 7, 0.95

local names, verbose, seed, part, parts = {}, false, 7, 1, 1
for _, word in ipairs(arg) do
  local a, b = word:match "^(%d+)/(%d+)$"
  local drawn = word:match "^seed=(%d+)$"
  if word == "-v" then verbose = true
  elseif drawn then seed = math.tointeger(tonumber(drawn))
  elseif a then part, parts = math.tointeger(tonumber(a)), math.tointeger(tonumber(b))
  else names[#names + 1] = word end
end
if #names == 0 then names = fm.ops() end

local function numbers_of(case)
  local n = 0
  for _, x in ipairs(case.inputs) do n = n + x.last - x.first + 1 end
  return n
end

--- The first cases of a size whose shapes the op takes.
local function find(name, size)
  local list = {}
  for index = 1, 300 do
    local case = cases.make(name, seed, index)
    local n = numbers_of(case)
    if n >= size[2] and n <= size[3] and pcall(function()
        local scope <close> = fm.scope()
        cases.call(case, (cases.tensors(case)))
      end) then list[#list + 1] = case end
    if #list == of_each then break end
  end
  return list
end

--- The functions that are timed, by name.
local function passes(case)
  local tensors, leaves = cases.tensors(case)
  local list = {
    forward = function()
      local scope <close> = fm.scope()
      cases.call(case, tensors)
    end,
  }
  if case.constant or not next(leaves) then return list end
  local upstream
  do
    local scope <close> = fm.scope()
    upstream = case.rng:at(1):normal(cases.call(case, tensors):shape()):detach()
  end
  function list.gradients()
    local tape <close> = fm.record()
    cases.call(case, tensors):backward(upstream)
  end
  return list
end

local function microseconds(f, time)
  local n, start = 0, seconds()
  repeat
    f()
    n = n + 1
  until seconds() - start > time
  return (seconds() - start) / n * 1e6
end

local function median(list)
  table.sort(list)
  return (list[(#list + 1) // 2] + list[#list // 2 + 1]) / 2
end

--- Medians of interleaved rounds with 1 and with 2 threads.
local function compare(f, n, time)
  local one, two = {}, {}
  for i = 1, n do
    threads(1)
    f()
    one[i] = microseconds(f, time)
    threads(2)
    f()
    f()
    two[i] = microseconds(f, time)
  end
  return median(one), median(two)
end

local gains, slower, count = {}, {}, 0
for i, name in ipairs(names) do
  for _, size in ipairs(sizes) do
    gains[size[1]] = gains[size[1]] or {}
    for _, case in ipairs((i - 1) % parts == part - 1 and find(name, size) or {}) do
      for pass, f in pairs(passes(case)) do
        local one, two = compare(f, rounds, shortest)
        if one / two < limit then one, two = compare(f, 2 * rounds, 4 * shortest) end
        count = count + 1
        table.insert(gains[size[1]], one / two)
        local row = ("%-9s %10.2f %10.2f %6.2f   %s"):format(pass, one, two, one / two, cases.describe(case))
        if one / two < limit then slower[#slower + 1] = row end
        if verbose then print(row) end
      end
      collectgarbage()
    end
  end
end
threads(1)
print(("%-9s %10s %10s %6s   case: those that take longer with 2 threads"):format("pass", "1 us", "2 us", "gain"))
for _, row in ipairs(slower) do print(row) end
for _, size in ipairs(sizes) do
  if #gains[size[1]] > 0 then
    local list = gains[size[1]]
    local middle = median(list)
    print(("%-7s %3d cases, gain in the middle %.2f, least %.2f, most %.2f"):format(size[1], #list, middle, list[1], list[#list]))
  end
end
print(("%d cases, %d slower"):format(count, #slower))
