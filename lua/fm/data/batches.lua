-- batches(x, size, {rng, shuffle, drop_last, labels}): an iterator over batches of rows, and over
-- the labels' rows when they are given: one tensor, or a list of tensors ({ a, b } gives x, a, b).
-- `for x in batches` is one round over the data and ends; called again it begins the next round, in
-- another order. The order depends only on the rng's key and the round; the clock of the rng does
-- not move. Two loaders on one stream shuffle independently: each has its own stream, by the order
-- in which they are made (see rng:own). It shuffles when there is an rng; size is at most the
-- number of rows.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local rounds <const> = require "fm.parts.rounds"
local skip <const> = require "fm.skip"
local stream <const> = require "fm.data.parts.stream"

local pick <const> = fm.index_select

-- The list of tensors that travel with the rows.
local function checked_labels(given, n)
  if given == nil then return {} end
  local list = {}
  for i, labels in ipairs(type(given) == "table" and given or { given }) do
    if not fm.is_tensor(labels) or labels:rank() < 1 then
      fm.fail("batches: labels: expected a tensor [N, ...] or a list of them, found " .. options.shown(labels))
    end
    if #labels ~= n then fm.fail(("batches: %d rows and %d labels"):format(n, #labels)) end
    list[i] = labels
  end
  for key in pairs(type(given) == "table" and given or {}) do
    if not list[key] then fm.fail("batches: labels: expected a list of tensors, found the key " .. options.shown(key)) end
  end
  return list
end

local function check(x, size, given)
  local o = options.read("batches", given, { rng = options.none, shuffle = options.none, drop_last = false, labels = options.none })
  if not fm.is_tensor(x) or x:rank() < 1 then fm.fail("batches: expected a tensor [N, ...], found " .. options.shown(x)) end
  if #x == 0 then fm.fail "batches: the tensor has no rows" end
  o.size = options.integer("batches: size", size, 1)
  options.boolean("batches: drop_last", o.drop_last)
  if o.drop_last and o.size > #x then
    fm.fail(("batches: drop_last leaves no batch: size is %d, and there are %d rows"):format(o.size, #x))
  end
  o.labels = checked_labels(o.labels, #x)
  if o.rng ~= nil then stream.of("batches", o.rng) end
  if o.shuffle == nil then o.shuffle = o.rng ~= nil end
  options.boolean("batches: shuffle", o.shuffle)
  if o.shuffle and not o.rng then fm.fail "batches: shuffle needs an rng" end
  return o
end

return function(x, size, given, ...)
  options.no_more("batches", 3, ...)
  local o = check(x, size, given)
  local n, labels, others = #x, o.labels[1], { table.unpack(o.labels, 2) }
  local rng = o.shuffle and o.rng:own "batches" or nil -- its clock will count rounds
  size = math.min(o.size, n)
  local count = o.drop_last and n // size or (n + size - 1) // size
  local order = rng and fm.zeros(n):detach() -- used by all rounds

  local function begin(round)
    if not rng then return end
    local scope <close> = fm.scope()
    order:copy(rng:at(round):permutation(n))
  end

  -- x, labels of a batch, and the rows of the other tensors.
  local function with_others(part, batch, of_labels)
    local values = {}
    for i, tensor in ipairs(others) do values[i] = part(tensor) end
    return batch, of_labels, table.unpack(values)
  end

  return skip.declare(rounds(count, begin, function(i)
    local first, last = (i - 1) * size + 1, math.min(i * size, n)
    if not rng then
      local function range(tensor) return tensor[{ first, last }] end
      return with_others(range, range(x), labels and range(labels))
    end
    local rows = order[{ first, last }]
    if #others == 0 then return pick(x, rows, 1), labels and pick(labels, rows, 1) end
    return with_others(function(tensor) return pick(tensor, rows, 1) end, pick(x, rows, 1), pick(labels, rows, 1))
  end))
end
