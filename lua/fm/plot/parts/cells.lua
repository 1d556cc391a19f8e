-- Square cells over a part of the plane, {x0, x1, y0, y1}, and the values of a function at their
-- middles.
local core <const> = require "fm.core"
local points <const> = require "fm.plot.parts.points"

local cells <const> = {}

--- How many columns and rows of cells a box has when there are `along` along its longer side.
function cells.count(box, along)
  local w, h = box[2] - box[1], box[4] - box[3]
  local cell = math.max(w, h) / along
  return math.max(1, math.floor(w / cell + 0.5)), math.max(1, math.floor(h / cell + 0.5))
end

--- The middles of the cells [rows * columns, 2], the lowest row first; the width and the height of
--- a cell.
function cells.middles(box, columns, rows)
  local dx, dy = (box[2] - box[1]) / columns, (box[4] - box[3]) / rows
  local u = core.linspace(box[1] + dx / 2, box[2] - dx / 2, columns):reshape(1, columns) + core.zeros(rows, 1)
  local v = core.linspace(box[3] + dy / 2, box[4] - dy / 2, rows):reshape(rows, 1) + core.zeros(1, columns)
  return core.cat(u:reshape(-1, 1), v:reshape(-1, 1), 2), dx, dy
end

--- The values of a function at the points of all cells: [rows, columns].
function cells.values(where, f, x, columns, rows)
  local values = f(x)
  if not core.is_tensor(values) or values:count() ~= #x then
    core.fail(("%s: the function must return [%d] values, found %s"):format(where, #x,
      core.is_tensor(values) and points.shape_text(values) or type(values)))
  end
  return values:reshape(rows, columns)
end

return cells
