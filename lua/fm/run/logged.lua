-- The lines of a metrics.jsonl, in order: { step, loss, ... }; "nan", "inf" and "-inf" are numbers again.
local core <const> = require "fm.core"

local not_finite <const> = { nan = 0 / 0, inf = math.huge, ["-inf"] = -math.huge }

local logged <const> = {}

--- The rows (none when there is no file), the names in them without "step", sorted, and how many lines could not be read. A last line
--- without an end is not counted: it is being written, or its run was killed over it.
function logged.rows(path)
  local rows, seen, names, damaged = {}, {}, {}, 0
  local file <close> = io.open(path, "rb")
  if not file then return rows, names, 0 end
  for line in file:lines "L" do
    local row = core.json.decode(line)
    if type(row) == "table" then
      for name, value in pairs(row) do
        row[name] = not_finite[value] or value
        if name ~= "step" and not seen[name] then
          seen[name], names[#names + 1] = true, name
        end
      end
      rows[#rows + 1] = row
    elseif line:sub(-1) == "\n" then
      damaged = damaged + 1
    end
  end
  table.sort(names)
  return rows, names, damaged
end

return logged
