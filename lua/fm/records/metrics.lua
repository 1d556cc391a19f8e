-- The curves in a metrics.jsonl: name -> { x = steps, y = values }, in the order of the file. nan
-- and inf are numbers again.
local logged <const> = require "fm.records.logged"

local function add(curves, row)
  local step = math.type(row.step) and row.step - row.step == 0 and row.step
  for name, value in pairs(row) do
    if name ~= "step" and math.type(value) then
      local curve = curves[name]
      if not curve then
        curve = { x = {}, y = {} }
        curves[name] = curve
      end
      curve.x[#curve.x + 1], curve.y[#curve.y + 1] = step or #curve.x + 1, value
    end
  end
end

--- Reads a file. Returns the curves by name (none when there is no file), how many lines could not
--- be read, and a message when the file itself cannot be read.
return function(path)
  local curves = {}
  return curves, logged.each(path, function(row) add(curves, row) end)
end
