-- Iterators that can pass over values without making them, and know their place. A run that goes on
-- from a checkpoint passes over the values it has already used; an iterator that is not known here
-- is called for each value.
local fm <const> = require "fm.core"
local options <const> = require "fm.parts.options"

local skip <const> = require "fm.parts.by_name".room("fm.skip", {}, { closed = true })

local known <const>, places <const> = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "k" })

--- Says that pass(n) has the same effect on `iterator` as n calls of it (and of its next round,
--- where one ends). `place`, if given, is { get = function() -> a list of whole numbers, set =
--- function(list) }: where it is. Returns the iterator.
function skip.declare(iterator, pass, place)
  if not options.callable(iterator) then fm.fail("skip.declare: expected an iterator, found " .. options.shown(iterator)) end
  if not options.callable(pass) then fm.fail("skip.declare: expected a function(n) that passes over n values, found " .. options.shown(pass)) end
  known[iterator], places[iterator] = pass, place
  if place then skip.made(iterator) end
  return iterator
end

--- The function that passes over n values of the iterator, or nil.
function skip.of(iterator)
  return known[iterator]
end

--- The place of an iterator that was declared with one.
function skip.place_of(iterator)
  return places[iterator]
end

--- Called when an iterator with a place is made. A run replaces this function.
function skip.made() end

return skip
