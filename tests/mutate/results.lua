-- What a campaign found: a line of JSON for each mistake, of which the last one holds.
local fm <const> = require "fm"

local results <const> = {}

--- Reads the lines of a file, which need not be there: { id -> row }, and the rows in order.
function results.read(path)
  local by_id, list = {}, {}
  local file <close> = io.open(path)
  for line in file and file:lines() or function() end do
    local row <const> = fm.json.decode(line) -- nil: the last line of a campaign that was killed
    if row then
      local former <const> = by_id[row.id]
      if former then
        for key in pairs(former) do former[key] = nil end
        for key, value in pairs(row) do former[key] = value end
      else
        list[#list + 1], by_id[row.id] = row, row
      end
    end
  end
  return by_id, list
end

function results.add(path, row)
  local file <close> = assert(io.open(path, "a"))
  file:write(fm.json.encode(row), "\n")
end

--- Counts by room, in order of their names: { room, planted, noticed, survived, equivalent,
--- seconds }. A row that is named as equivalent and was noticed is an error.
function results.count(list, equivalents)
  local names, by_room = {}, {}
  for _, row in ipairs(list) do
    local room = by_room[row.room]
    if not room and row.outcome ~= "invalid" then
      room = { room = row.room, planted = 0, noticed = 0, survived = 0, equivalent = 0, seconds = 0 }
      names[#names + 1], by_room[row.room] = row.room, room
    end
    if row.outcome ~= "invalid" then
      if row.outcome == "survived" and equivalents[row.key] then row.outcome = "equivalent" end
      if row.outcome == "noticed" and equivalents[row.key] then error(("%s is named as equivalent, and %s notices it"):format(row.key, row.by), 0) end
      room.planted, room[row.outcome], room.seconds = room.planted + 1, room[row.outcome] + 1, room.seconds + row.seconds
    end
  end
  table.sort(names)
  local counts = {}
  for i, name in ipairs(names) do counts[i] = by_room[name] end
  return counts
end

local function percent(count)
  local real <const> = count.planted - count.equivalent
  return real == 0 and "-" or ("%.0f %%"):format(100 * count.noticed / real)
end

--- The table of rooms, with a last line for all of them.
function results.table(counts)
  local lines, all = {}, { room = "all", planted = 0, noticed = 0, survived = 0, equivalent = 0, seconds = 0 }
  local form <const> = "%-14s %8s %8s %9s %11s %7s %11s"
  lines[1] = form:format("ROOM", "PLANTED", "NOTICED", "SURVIVED", "EQUIVALENT", "SHARE", "S EACH")
  local function add(count)
    lines[#lines + 1] = form:format(count.room, count.planted, count.noticed, count.survived, count.equivalent, percent(count),
      ("%.1f"):format(count.seconds / math.max(1, count.planted)))
  end
  for _, count in ipairs(counts) do
    add(count)
    for key, value in pairs(count) do
      if key ~= "room" then all[key] = all[key] + value end
    end
  end
  add(all)
  return table.concat(lines, "\n")
end

--- A mistake as a diff of its lines.
function results.diff(row)
  local function marked(mark, text) return mark .. " " .. text:gsub("\n%s*", "\n" .. mark .. " ") end
  local tests = ("%d test%s"):format(row.tests, row.tests == 1 and "" or "s")
  if row.left > 0 then tests = ("%s, %d left out for their time"):format(tests, row.left) end
  return ("%s:%d  %s  (%s)\n%s\n%s"):format(row.file, row.line, row.kind, tests, marked("-", row.from), marked("+", row.becomes))
end

return results
