-- windows(ids, length, {size = 32, rng, drop_last = false}): an iterator over batches [size,
-- length] of stretches of ids [n]. `for x in windows` is one round over ids and ends; called again
-- it begins the next round, as data.batches does.
--   with rng       the windows of a round lie side by side from a random start, in random order;
--                  each round has another start and order, so no place stays where windows end
--   without        they lie side by side from the first id, in order
-- Ids before the first and after the last window are left out of a round: fewer than 2 * length
-- with rng, fewer than length without.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local rounds <const> = require "fm.parts.rounds"
local skip <const> = require "fm.skip"
local stream <const> = require "fm.data.parts.stream"

local function check(ids, length, given)
  local o = options.read("windows", given, { size = 32, rng = options.none, drop_last = false })
  if not fm.is_tensor(ids) or ids:rank() ~= 1 then fm.fail("windows: expected a tensor [n] of ids, found " .. options.shown(ids)) end
  o.length = options.integer("windows: length", length, 1)
  if o.length > #ids then fm.fail(("windows: length is %d, and there are %d ids"):format(o.length, #ids)) end
  o.size = options.integer("windows: size", o.size, 1)
  options.boolean("windows: drop_last", o.drop_last)
  if o.rng ~= nil then stream.of("windows", o.rng) end
  return o
end

return function(ids, length, given, ...)
  options.no_more("windows", 3, ...)
  local o = check(ids, length, given)
  local n, L = #ids, o.length
  local rng = o.rng and o.rng:own "windows" or nil -- its clock counts rounds
  -- with rng there is room to move them all by any number of ids below L
  local windows = rng and math.max(1, (n - L + 1) // L) or n // L
  if o.drop_last and o.size > windows then
    fm.fail(("windows: drop_last leaves no batch: size is %d, and a round has %d windows"):format(o.size, windows))
  end
  local size = math.min(o.size, windows)
  local count = o.drop_last and windows // size or (windows + size - 1) // size
  local rows = ids[{ 1, windows * L }]:reshape(windows, L)
  local order = rng and fm.zeros(windows):detach()

  local function begin(round)
    if not rng then return end
    local scope <close> = fm.scope()
    local stream_now = rng:at(round)
    local start = stream_now:integers(1, 0, n - windows * L):item()
    order:copy(stream_now:permutation(windows))
    rows = ids[{ start + 1, start + windows * L }]:reshape(windows, L):detach()
  end

  return skip.declare(rounds(count, begin, function(i)
    local first, last = (i - 1) * size + 1, math.min(i * size, windows)
    if not rng then return rows[{ first, last }] end
    return rows:index_select(order[{ first, last }], 1)
  end))
end
