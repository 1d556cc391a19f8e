-- A source of points: a tensor whose rows are drawn, a function(n, rng) -> [n, ...], or nil: a unit
-- normal.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local options <const> = require "fm.parts.options"

local source <const> = {}

--- Raises unless `from` is such a source.
function source.check(where, from)
  if from == nil or options.callable(from) then return end
  if not fm.is_tensor(from) then
    fm.fail(("%s: source: expected a tensor, a function(n, rng) or nil (normal), found %s"):format(where, options.shown(from)))
  end
  arguments.batch(where, "source", from)
  if #from == 0 then fm.fail(where .. ": source: the tensor has no rows") end
end

--- n points; `shape` is that of the rows they go with, [N, ...].
function source.draw(where, from, n, shape, rng)
  if from == nil then return rng:normal { n, table.unpack(shape, 2) } end
  if fm.is_tensor(from) then return fm.index_select(from, rng:integers(n, #from), 1) end
  local x = from(n, rng)
  arguments.batch(where, "what source returned", x)
  if #x ~= n then fm.fail(("%s: source returned %d rows, expected %d"):format(where, #x, n)) end
  return x
end

return source
