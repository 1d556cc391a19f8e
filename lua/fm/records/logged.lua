-- The lines of a metrics.jsonl, in order: { step, loss, ... }; "nan", "inf" and "-inf" are numbers
-- again.
local core <const> = require "fm.core"
local not_finite <const> = require "fm.records.not_finite"
local open <const> = require "fm.records.regular"

local logged <const> = {}

local most <const> = 1 << 30 -- bytes of a file: a thousand hours of a run that logs ten times a second
local block <const>, longest <const> = 1 << 16, 1 << 20 -- bytes read at a time, and of one line

--- The values of a line by name, without nulls; nil when the line is not an object.
local function row_of(line)
  local row = core.json.decode(line)
  if type(row) ~= "table" or next(row) ~= nil and type(next(row)) ~= "string" then return nil end
  for name, value in pairs(row) do
    if value == core.json.null then row[name] = nil else row[name] = not_finite[value] or value end
  end
  return row
end

--- Calls f(line, ended) with each line among the first `size` bytes of a file, without its line
--- end; with false instead of a line that is too long.
local function each_line(file, size, f)
  local rest, over = "", false
  while size > 0 do
    local text = file:read(math.min(block, size))
    if not text then break end
    size, text = size - #text, rest .. text
    local from, stop = 1, text:find("\n", 1, true)
    while stop do
      f(not over and text:sub(from, stop - 1), true)
      from, over = stop + 1, false
      stop = text:find("\n", from, true)
    end
    rest = text:sub(from)
    if #rest > longest then rest, over = "", true end
  end
  if rest ~= "" and not over then f(rest, false) end
end

--- Calls f(row) for each readable line (for none when there is no file). Returns how many lines
--- could not be read, and a message when the file itself cannot be read. A last line without an end
--- does not count: it is being written, or its run was killed while it wrote it.
function logged.each(path, f)
  local damaged = 0
  local file <close>, size = open(path)
  if not file then return 0, size end
  if size > most then return 0, ("%s is %d bytes long, over the limit of %d"):format(path, size, most) end
  each_line(file, size, function(line, ended)
    local row = line and row_of(line)
    if row then f(row) elseif ended then damaged = damaged + 1 end
  end)
  return damaged
end

--- The rows, the names in them without "step", sorted, how many lines could not be read, and the
--- message of logged.each.
function logged.rows(path)
  local rows, seen, names = {}, {}, {}
  local damaged, problem = logged.each(path, function(row)
    rows[#rows + 1] = row
    for name in pairs(row) do
      if name ~= "step" and not seen[name] then
        seen[name], names[#names + 1] = true, name
      end
    end
  end)
  table.sort(names)
  return rows, names, damaged, problem
end

--- The last whole row, or nil: it tells how far a running run is.
function logged.last(path)
  local file <close>, size = open(path)
  if not file then return nil end
  local tail <const> = 4096
  file:seek("set", math.max(0, size - tail))
  local line = (file:read(tail) or ""):match "([^\n]+)\n[^\n]*$"
  return line and row_of(line)
end

return logged
