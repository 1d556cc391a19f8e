-- Iterators that can pass over values without making them. A run that goes on from a checkpoint passes over what it has had; an iterator
-- that is not known here is called for each value.
local fm <const> = require "fm.core"
local options <const> = require "fm.options"

local skip <const> = {}

local known <const> = setmetatable({}, { __mode = "k" })

--- Says that pass(n) has the same effect on `iterator` as n calls of it (and of its next round, where one ends). Returns the iterator.
function skip.declare(iterator, pass)
  if not options.callable(iterator) then fm.fail("skip.declare: expected an iterator, found " .. options.shown(iterator)) end
  if not options.callable(pass) then fm.fail("skip.declare: expected a function(n) that passes over n values, found " .. options.shown(pass)) end
  known[iterator] = pass
  return iterator
end

--- The function that passes over n values of the iterator, or nil.
function skip.of(iterator)
  return known[iterator]
end

return skip
