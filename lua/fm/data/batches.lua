-- batches(x, size, {rng, shuffle, drop_last, labels}): an iterator over batches of rows. `for x in batches` is one round over the data and
-- ends; called again it begins the next round, in another order. The order depends on the rng's key and the round alone.
local fm <const> = require "fm"
local options <const> = require "fm.options"

local pick <const> = fm.index_select

return function(x, size, given)
  local o = options.read("batches", given, { rng = options.none, shuffle = options.none, drop_last = false, labels = options.none })
  if not fm.is_tensor(x) or x:rank() < 1 then fm.fail "batches: expected a tensor [N, ...]" end
  local n = #x
  options.integer("batches: size", size, 1)
  if o.labels and #o.labels ~= n then fm.fail(("batches: %d rows and %d labels"):format(n, #o.labels)) end
  local shuffle = o.shuffle == nil and o.rng ~= nil or o.shuffle
  if shuffle and not o.rng then fm.fail "batches: shuffle needs an rng" end
  size = math.min(size, n)
  local count = o.drop_last and n // size or (n + size - 1) // size
  local round, next_batch, order = 0, 1, nil

  return function()
    if next_batch > count then
      next_batch = 1
      round = round + 1
      order = nil
      return nil
    end
    local first = (next_batch - 1) * size + 1
    local last = math.min(first + size - 1, n)
    next_batch = next_batch + 1
    if not shuffle then
      return x[{ first, last }], o.labels and o.labels[{ first, last }]
    end
    order = order or o.rng:at(round):permutation(n):detach()
    local rows = order[{ first, last }]
    return pick(x, rows, 1), o.labels and pick(o.labels, rows, 1)
  end
end
