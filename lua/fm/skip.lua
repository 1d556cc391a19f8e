-- Iterators that can pass over values without making them. A run that goes on from a checkpoint passes over what it has had; an iterator
-- that is not known here is called for each value.
local skip <const> = {}

local known <const> = setmetatable({}, { __mode = "k" })

--- Says that pass(n) has the same effect on `iterator` as n calls of it (and of its next round, where one ends). Returns the iterator.
function skip.declare(iterator, pass)
  known[iterator] = pass
  return iterator
end

--- The function that passes over n values of the iterator, or nil.
function skip.of(iterator)
  return known[iterator]
end

return skip
