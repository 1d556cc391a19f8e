-- A step's batch in shares: a constant number of ranges of its rows. A pass of the step's closure
-- for each computes the gradient of that share; the sum over the shares has one order, whichever
-- process computes which. So the bits depend on the number of shares, and not on that of the
-- processes.
--   count    of shares; 1: a batch is not cut
--   pass     while a closure runs for a share: { share, n (rows of the batch, once they are known),
--            first, last (rows of the share), whole (the batch is too small to be cut) }
local core <const> = require "fm.core"

local shares <const> = { count = 1, pass = nil }
local passes <const> = core.shares

--- What the passes of this batch have in common: see shares.once.
local results, place

-- ---- passes ----

--- Called once in a run of several processes when a step's closure cuts no batch.
function shares.uncut() end

--- Begins the passes over the shares of a batch.
function shares.begin()
  results = {}
  passes.begin()
end

--- Begins the pass for a share. is_first: it is the first of this batch in this process.
function shares.enter(share, is_first)
  if not is_first then passes.next() end
  place = 0
  shares.pass = { share = share, n = nil, first = nil, last = nil, whole = false }
end

--- The passes are over.
function shares.leave()
  shares.pass, results, place = nil, nil, nil
  passes.note(nil)
  passes.finish()
end

-- ---- rows ----

--- Whether parts of two batches have the same share of their batch.
local function cut_alike(n, m, count)
  return n == m or n % count == 0 and m % count == 0
end

--- In a pass: notes that the batch has n rows. Returns the first and the last row of the share, or
--- nothing when the batch stays whole.
local function rows_of(pass, n)
  local count <const> = shares.count
  if pass.n and not cut_alike(pass.n, n, count) then
    core.fail(("share: the closure cuts a batch of %d rows and one of %d into %d shares: expected as many rows, or multiples of %d")
      :format(pass.n, n, count, count))
  end
  if n < count then
    pass.n, pass.whole = n, true
    return
  end
  if pass.n ~= n then
    pass.n, pass.first, pass.last = n, (pass.share - 1) * n // count + 1, pass.share * n // count
    passes.rows(pass.first, pass.last - pass.first + 1)
  end
  return pass.first, pass.last
end

local function is_tensor(value) return getmetatable(value) == "tensor" end

local function cut(value)
  local pass = shares.pass
  if type(value) == "table" and not getmetatable(value) then
    local part = {}
    for key, inner in pairs(value) do part[key] = cut(inner) end
    return part
  end
  if not is_tensor(value) or value:rank() < 1 then return value end
  local first, last = rows_of(pass, #value)
  if not first then return value end
  return value[{ first, last }]
end

--- share(x, ...): in a pass the rows of the share, of each tensor and of the tensors in a table;
--- otherwise, and for anything else, the same.
function shares.of(...)
  if not shares.pass then return ... end
  if select("#", ...) == 1 then return (cut((...))) end
  local list = table.pack(...)
  for i = 1, list.n do list[i] = cut(list[i]) end
  return table.unpack(list, 1, list.n)
end

--- The options of a draw with a number for each of `rows` rows of a tensor that comes from the rows
--- of a share, k for each: which rows of the whole draw it is.
function shares.of_draw(rows)
  local pass = shares.pass
  local count = pass and pass.first and pass.last - pass.first + 1
  if not count or rows == count or rows % count ~= 0 then return nil end -- the stream knows of a draw of `count` rows
  return { first_row = (pass.first - 1) * (rows // count) + 1 }
end

-- ---- what all passes have in common ----

--- f(...), a few tensors, computed by the first pass only; the others get the same. What it drew
--- counts as drawn in each.
function shares.once(f, ...)
  if not shares.pass then return f(...) end
  place = place + 1
  local known = results[place]
  if not known then
    local noted, calls = {}, {}
    passes.note(noted)
    known = table.pack(f(...))
    passes.note(nil)
    for i, stream in ipairs(noted) do calls[i] = stream:calls() end
    for i = 1, known.n do
      if is_tensor(known[i]) then known[i] = known[i]:detach() end
    end
    known.streams, known.calls = noted, calls
    results[place] = known
    return table.unpack(known, 1, known.n)
  end
  for i, stream in ipairs(known.streams) do passes.pass_over(stream, known.calls[i]) end
  return table.unpack(known, 1, known.n)
end

return shares
