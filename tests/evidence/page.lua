-- page: the table of evidence as the manual shows it, and what is wrong with it.
local page <const> = { kinds = { "golden", "gradient", "closed" } }

local titles <const> = { golden = "golden values", gradient = "gradient", closed = "closed form" }
local missing <const> = { golden = "golden value", gradient = "gradient check", closed = "closed form" }
local none <const> = "-"

--- The part of a room, and the reasons that were needed (a set). cells[name] = { golden = a check,
--- gradient =, closed = }; reasons[kind][name of a thing or of its room] says why there is none.
local function part(room, list, cells, reasons, used)
  local lines, lacking = { "## " .. room, "", "| |" }, {}
  for _, kind in ipairs(page.kinds) do lines[3] = lines[3] .. (" %s |"):format(titles[kind]) end
  lines[4] = "|---|---|---|---|"
  for _, thing in ipairs(list) do
    local row = { ("| `%s` |"):format(thing.name:sub(#room + 2)) }
    for _, kind in ipairs(page.kinds) do
      local source = cells[thing.name] and cells[thing.name][kind]
      row[#row + 1] = (" %s |"):format(source or none)
      local key = not source and (reasons[kind][thing.name] and thing.name or reasons[kind][room] and room)
      if key then
        local why = ("No %s, because %s"):format(missing[kind], reasons[kind][key])
        used[kind .. " " .. key] = true
        if not lacking[why] then lacking[#lacking + 1], lacking[why] = why, {} end
        table.insert(lacking[why], ("`%s`"):format(thing.name:sub(#room + 2)))
      end
    end
    lines[#lines + 1] = table.concat(row)
  end
  for _, why in ipairs(lacking) do
    local whose = #lacking[why] < #list and (": %s"):format(table.concat(lacking[why], ", ")) or ""
    lines[#lines + 1] = ("\n%s%s."):format(why, whose)
  end
  return table.concat(lines, "\n") .. "\n"
end

--- The tables of all rooms, and the reasons that were needed.
function page.write(all, cells, reasons)
  local rooms, parts, used = {}, {}, {}
  for _, thing in ipairs(all) do
    if not rooms[thing.room] then
      rooms[thing.room] = {}
      rooms[#rooms + 1] = thing.room
    end
    table.insert(rooms[thing.room], thing)
  end
  for i, room in ipairs(rooms) do parts[i] = part(room, rooms[room], cells, reasons, used) end
  return table.concat(parts, "\n"), used
end

--- The cells that a page shows.
function page.read(text)
  local cells, room = {}, nil
  for line in text:gmatch "[^\n]+" do
    room = line:match "^## (fm[%w_.]*)$" or room
    local name, golden, gradient, closed = line:match "^| `([%w_]+)` | (%S+) | (%S+) | (%S+) |$"
    if name then
      local function known(source) return source ~= none and source or nil end
      cells[room .. "." .. name] = { golden = known(golden), gradient = known(gradient), closed = known(closed) }
    end
  end
  return cells
end

--- What is missing, and what is said for nothing: a list of sentences. A golden value comes from
--- another program or from a formula written anew, so it stands for a closed form as well.
function page.problems(all, cells, reasons)
  local list, there = {}, {}
  local function say(...) list[#list + 1] = string.format(...) end
  local _, used = page.write(all, cells, reasons)
  for _, thing in ipairs(all) do
    local cell = cells[thing.name]
    there[thing.name] = true
    if not cell then say("%s is not in the table", thing.name) end
    for _, kind in ipairs(cell and page.kinds or {}) do
      local excused = reasons[kind][thing.name] or reasons[kind][thing.room]
      if not cell[kind] and not excused and not (kind == "closed" and cell.golden) then
        say("%s has no %s, and no reason says why", thing.name, missing[kind])
      end
    end
  end
  for name in pairs(cells) do
    if not there[name] then say("%s is in the table, but not in fm", name) end
  end
  for _, kind in ipairs(page.kinds) do
    for name in pairs(reasons[kind]) do
      if not used[kind .. " " .. name] then say("the reason for no %s of %s is not needed", missing[kind], name) end
    end
  end
  return list
end

return page
