-- The gradient of a batch in shares: a pass of the closure for each share of this process, and the
-- sum over the shares of all processes. The sum is a binary tree over the shares, halves of halves;
-- who computes a part of it sends it to who computes its left neighbour. So each number is added up
-- in the same order for any number of processes. In the end all have the sum.
local fm <const> = require "fm"
local finally <const> = require "fm.parts.finally"
local options <const> = require "fm.parts.options"
local processes <const> = require "fm.parts.processes"
local shares <const> = require "fm.parts.shares"

-- ---- what else the closure returned ----

--- A number, or a tensor of one: the mean over the batch is returned. A tensor with the rows of the
--- share: the rows of all shares are. nil stays.
local function kind_of(i, value, rows)
  if value == nil then return "nothing" end
  if math.type(value) then return "number" end
  if fm.is_tensor(value) and value:count() == 1 then return "mean" end
  if fm.is_tensor(value) and value:rank() > 0 and #value == rows then return "rows" end
  fm.fail(("step: result %d of the closure is %s: in shares, expected a number, a tensor of one number, or a tensor with %d rows, those of the share")
    :format(i + 1, options.shown(value), rows))
end

--- The rows of all shares, on all processes, of which `parts` has those of this one: share ->
--- tensor.
local function together(parts, step)
  local shape = parts[step.own_first]:shape()
  shape[1] = step.n
  local whole = fm.zeros(shape):detach()
  local function rows(first, last) return whole[{ (first - 1) * step.n // shares.count + 1, last * step.n // shares.count }] end
  for share, part in pairs(parts) do rows(share, share):copy(part) end
  if processes.size == 1 then return whole end
  if processes.rank > 0 then processes.send(0, "sum", rows(step.own_first, step.own_last)) end
  for rank = 1, processes.rank == 0 and processes.size - 1 or 0 do processes.receive(rank, "sum", rows(step.range(rank))) end
  return processes.broadcast("sum", whole)
end

-- ---- the sum ----

local sums_of <const> = setmetatable({}, { __mode = "k" }) -- optimizer -> the vectors of its sums, kept for its next step
local taken = 0 -- steps so far: two processes that add must be at the same

local function buffer(step, depth)
  local sum = step.buffers[depth]
  if not sum then
    sum = fm.zeros(step.flat:packed()):detach()
    step.buffers[depth] = sum
  end
  return sum
end

--- The pass for one share; its gradient goes into the vector at `depth`, by put, "pack" or "add" of
--- fm.flat. Returns its numbers: the loss and the numbers among the results, weighted; nothing when
--- the batch stays whole.
local function pass_over(step, share, depth, put)
  shares.enter(share, step.n == nil)
  local list = table.pack(step.compute())
  local pass = shares.pass
  if not pass.n or pass.whole then
    if not pass.n and processes.size > 1 then shares.uncut() end
    step.whole = list
    return
  end
  local rows = pass.last - pass.first + 1
  if step.n and step.n ~= pass.n then
    fm.fail(("step: the closure cut a batch of %d rows, and for another share one of %d"):format(step.n, pass.n))
  end
  step.n = pass.n
  local weight <const> = rows / pass.n
  local numbers = { list[1] * weight }
  for i = 3, list.n do
    local value = list[i]
    local kind = kind_of(i - 2, value, rows)
    step.results[i - 2] = step.results[i - 2] or { kind = kind, like = value, parts = {} }
    if kind == "rows" then step.results[i - 2].parts[share] = value end
    if kind == "number" or kind == "mean" then numbers[#numbers + 1] = (kind == "mean" and value:item() or value) * weight end
  end
  step.flat[put](step.flat, buffer(step, depth), weight)
  return numbers
end

local function add(numbers, more)
  if #numbers ~= #more then fm.fail "step: the closure returned other results for another share" end
  for i, value in ipairs(more) do numbers[i] = numbers[i] + value end
end

local function packed(numbers) return string.pack("<I8" .. ("d"):rep(#numbers), taken, table.unpack(numbers)) end

local function unpacked(text)
  local list = { string.unpack("<I8" .. ("d"):rep(#text // 8 - 1), text) }
  if list[1] ~= taken then processes.trouble(("another process is at step %d of its optimizers, this one at %d"):format(list[1], taken)) end
  return table.move(list, 2, #list - 1, 1, {})
end

--- The sum of the shares first..last, in the process that has the first of them: its vector lies at
--- `depth`, its numbers are returned. Returns that process first.
local function sum_of(step, first, last, depth)
  local owner = step.owner(first)
  if step.whole then return owner end
  if first == last then return owner, owner == processes.rank and pass_over(step, first, depth, "pack") or nil end
  local middle = first + (last - first) // 2
  local _, left = sum_of(step, first, middle, depth)
  if middle + 1 == last and owner == processes.rank and step.owner(last) == owner then
    local numbers = not step.whole and pass_over(step, last, depth, "add")
    if numbers then add(left, numbers) end
    return owner, left
  end
  local other, right = sum_of(step, middle + 1, last, depth + 1)
  if step.whole then return owner end
  if owner == processes.rank then
    if other ~= owner then
      processes.receive(other, "sum", buffer(step, depth + 1))
      right = unpacked(processes.receive(other, "sum"))
    end
    step.flat:join(buffer(step, depth), buffer(step, depth + 1))
    add(left, right)
  elseif other == processes.rank then
    processes.send(owner, "sum", buffer(step, depth + 1))
    processes.send(owner, "sum", packed(right))
  end
  return owner, left
end

-- ---- the step ----

local function range(rank)
  return rank * shares.count // processes.size + 1, (rank + 1) * shares.count // processes.size
end

local function owner(share)
  local rank = (share - 1) * processes.size // shares.count -- at most one too low: a process has a share or more
  local _, last = range(rank)
  return share > last and rank + 1 or rank
end

local function results_of(step, numbers)
  local list, next_number = { n = #step.results }, 2
  for i, result in ipairs(step.results) do
    if result.kind == "rows" then list[i] = together(result.parts, step)
    elseif result.kind ~= "nothing" then
      list[i], next_number = numbers[next_number], next_number + 1
      if result.kind == "mean" then list[i] = fm.full(result.like:shape(), list[i]):detach() end
    end
  end
  return list
end

local function compute(step)
  local _, numbers = sum_of(step, 1, shares.count, 1)
  if step.whole then return table.unpack(step.whole, 1, step.whole.n) end
  shares.leave()
  local sum = buffer(step, 1)
  if processes.size > 1 then
    processes.broadcast("sum", sum)
    numbers = unpacked(processes.broadcast("sum", processes.rank == 0 and packed(numbers) or nil))
  end
  local loss = numbers[1]
  local finite = loss > -math.huge and loss < math.huge
  if finite then step.flat:unpack(sum) else step.flat:clear() end
  local results = results_of(step, numbers)
  return loss, finite, table.unpack(results, 1, results.n)
end

--- Computes the gradient of the optimizer's parameters. record() runs the closure on a tape and
--- goes back: it returns the loss, whether it is finite, and what else the closure returned. So
--- does this function, for the whole batch.
return function(optimizer, record)
  if shares.pass then fm.fail "step: it was called inside the closure of another step, which is cut into shares" end
  sums_of[optimizer] = sums_of[optimizer] or {}
  taken = taken + 1
  local first, last = range(processes.rank)
  local step = { compute = record, flat = optimizer.set.flat, buffers = sums_of[optimizer], owner = owner, range = range, own_first = first,
    own_last = last, results = {}, n = nil, whole = nil }
  shares.begin()
  return finally(shares.leave, compute, step)
end
