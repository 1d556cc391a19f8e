-- The lines of a metrics.jsonl, in order: { step, loss, ... }; "nan", "inf" and "-inf" are numbers again.
local core <const> = require "fm.core"

local not_finite <const> = require "fm.records.not_finite"

local logged <const> = {}

local function is_object(value)
  return type(value) == "table" and (next(value) == nil or type(next(value)) == "string")
end

--- Calls f(row) for each line that can be read (none when there is no file). Returns how many could not. A last line without an end does
--- not count: it is being written, or its run was killed over it.
function logged.each(path, f)
  local damaged = 0
  local file <close> = io.open(path, "rb")
  if not file then return 0 end
  for line in file:lines "L" do
    local row = core.json.decode(line)
    if is_object(row) then
      for name, value in pairs(row) do row[name] = not_finite[value] or value end
      f(row)
    elseif line:sub(-1) == "\n" then
      damaged = damaged + 1
    end
  end
  return damaged
end

--- The rows, the names in them without "step", sorted, and how many lines could not be read.
function logged.rows(path)
  local rows, seen, names = {}, {}, {}
  local damaged = logged.each(path, function(row)
    rows[#rows + 1] = row
    for name in pairs(row) do
      if name ~= "step" and not seen[name] then
        seen[name], names[#names + 1] = true, name
      end
    end
  end)
  table.sort(names)
  return rows, names, damaged
end

--- The last whole row, or nil: where a running run is.
function logged.last(path)
  local file <close> = io.open(path, "rb")
  if not file then return nil end
  file:seek("set", math.max(0, file:seek "end" - 4096))
  local line = (file:read "a" or ""):match "([^\n]+)\n[^\n]*$"
  local row = line and core.json.decode(line)
  return is_object(row) and row or nil
end

return logged
