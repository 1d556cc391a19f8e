-- The curves of results in a run's folder (see fm.run.curves). They are read from their files, so
-- that a page shows what other programs would read.
local csv <const> = require "fm.records.csv"
local not_finite <const> = require "fm.records.not_finite"
local open <const> = require "fm.records.regular"
local sorted_keys <const> = require "fm.parts.sorted_keys"

local most <const> = 1 << 20 -- bytes of a file: a curve has tens of points

local function number(cell)
  return tonumber(cell) or not_finite[cell]
end

--- The curve of a file: { x, y, x_name, y_name, floor or nil }; or nil and what is wrong.
local function read(path)
  local file <close>, size = open(path)
  if not file then return nil, size or "it is missing" end
  if size > most then return nil, ("it is %d bytes long, over the limit of %d"):format(size, most) end
  local head, curve = nil, { x = {}, y = {} }
  for line in file:lines() do
    local cells, message = csv.cells(line)
    if not cells then return nil, ("line %d: %s"):format(#curve.x + (head and 2 or 1), message) end
    if not head then
      if #cells ~= 2 and #cells ~= 3 then return nil, ("line 1: expected 2 or 3 names, found %d"):format(#cells) end
      head, curve.x_name, curve.y_name = cells, cells[1], cells[2]
    else
      local i = #curve.x + 1
      local x, y = number(cells[1]), number(cells[2])
      if #cells ~= #head or not x or x - x ~= 0 or not y then return nil, ("line %d: expected %d numbers"):format(i + 1, #head) end
      curve.x[i], curve.y[i], curve.floor = x, y, number(cells[3])
    end
  end
  if #curve.x == 0 then return nil, "it has no numbers" end
  if curve.floor and curve.floor - curve.floor ~= 0 then curve.floor = nil end
  return curve
end

--- The curves of a record in the order of their names, each with its name, file and log ("", "x",
--- "y" or "xy"); and a line for each that cannot be read.
return function(record)
  local list, problems = {}, {}
  for _, file in ipairs(sorted_keys(record.curves or {})) do
    local curve, message = read(record.path .. "/" .. file)
    if curve then
      curve.name, curve.file, curve.log = file:gsub("%.csv$", ""), file, record.curves[file]
      list[#list + 1] = curve
    else
      problems[#problems + 1] = ("%s: %s"):format(file, message)
    end
  end
  return list, problems
end
