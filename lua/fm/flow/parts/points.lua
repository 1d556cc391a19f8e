-- points(where, value) -> the points of a data set, ready for distances: { shape, count, rows [N,
-- D], centre [1, D], squares [1, N] }, rows about their mean. Products of rows then lose no digits
-- to a mean that is far from 0.
local fm <const> = require "fm"
local attempt <const> = require "fm.parts.attempt"
local options <const> = require "fm.parts.options"

return function(where, value)
  if value == nil then fm.fail(where .. " are missing") end
  if type(value) == "table" then
    local ok, tensor = attempt(fm.tensor, value)
    if not ok then fm.fail(("%s: %s"):format(where, tostring(tensor):gsub("^.-:%d+: ", ""):gsub("^tensor: ", ""))) end
    value = tensor
  end
  if not fm.is_tensor(value) then fm.fail(("%s: expected a tensor [N, ...] or rows of numbers, found %s"):format(where, options.shown(value))) end
  if value:rank() < 2 or value:count() == 0 then
    fm.fail(("%s are [%s], expected [N, ...] with at least one row"):format(where, table.concat(value:shape(), ", ")))
  end
  local flat = value:detach():reshape(#value, -1)
  if (flat * 0):sum():item() ~= 0 then fm.fail(where .. ": expected finite numbers") end
  local centre = flat:mean { axis = 1, keep = true }
  local rows = flat - centre
  return { shape = value:shape(), count = #value, dim = flat:size(2), centre = centre, rows = rows, squares = rows:square():sum(2):reshape(1, -1) }
end
