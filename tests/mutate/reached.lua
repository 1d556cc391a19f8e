-- Put into a copy of lua/fm/parts: what a file calls at the beginning of each of its blocks. The
-- first time in a process a line "FILE BLOCK" goes to the file that FM_REACHED names.
local open <const>, place <const> = io.open, os.getenv "FM_REACHED"

return function(path)
  local seen = {}
  return function(block)
    if seen[block] then return end
    seen[block] = true
    local file = place and open(place, "a")
    if not file then return end
    file:write(path, " ", block, "\n")
    file:close()
  end
end
