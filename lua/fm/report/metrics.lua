-- The curves in a metrics.jsonl: name -> { x = steps, y = values }, in the order of the file. nan and inf are numbers again.
local core <const> = require "fm.core"

local not_finite <const> = { nan = 0 / 0, inf = math.huge, ["-inf"] = -math.huge }

local function add(curves, line)
  local step = math.type(line.step) and line.step
  for name, value in pairs(line) do
    value = not_finite[value] or value
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

--- Reads a file. Returns the curves by name (none when there is no file) and how many lines could not be read; the last line does not count
--- when it has no end: its run may be writing it now, or was killed while it did.
return function(path)
  local curves, damaged = {}, 0
  local file <close> = io.open(path, "rb")
  if not file then return curves, 0 end
  for line in file:lines "L" do
    local value = core.json.decode(line)
    if type(value) == "table" then
      add(curves, value)
    elseif line:sub(-1) == "\n" then
      damaged = damaged + 1
    end
  end
  return curves, damaged
end
