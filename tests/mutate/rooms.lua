-- The rooms that mistakes are planted in, from the folders themselves: each folder of lua/fm, the
-- files that lie beside them ("fm"), each folder of src, and what experiments share. The manual and
-- the types are prose.
local rooms <const> = {}

local no_room <const> = { meta = true, manual = true }

local function lines_of(command)
  local list, pipe <close> = {}, assert(io.popen(command))
  for line in pipe:lines() do list[#list + 1] = line end
  return list
end

--- The room of a file, by its path in the tree; nil for one that is in none.
function rooms.of(path)
  local folder = path:match "^lua/fm/([%w_]+)/"
  if folder then return not no_room[folder] and folder or nil end
  if path:find "^lua/fm/" then return "fm" end
  folder = path:match "^src/([%w_]+)/"
  if folder then return not path:find "/font[%w_]*%.h$" and "src/" .. folder or nil end
  return path:find "^experiments/.*parts/" and "experiments" or nil
end

--- The rooms of a tree: names in order, and for each its files in order.
function rooms.all(tree)
  local names, files = {}, {}
  local find <const> = "cd '%s' && find lua/fm src experiments -name '*.lua' -o -name '*.[ch]' | LC_ALL=C sort"
  for _, path in ipairs(lines_of(find:format(tree))) do
    local room <const> = rooms.of(path)
    if room then
      if not files[room] then names[#names + 1], files[room] = room, {} end
      table.insert(files[room], path)
    end
  end
  table.sort(names)
  return names, files
end

return rooms
