-- A folder of a run that only has a path: what would be written there is not. It is for processes
-- of a run that leave the writing to rank 0, and for a script that is called again.
local MuteFolder <const> = { mute = true, lock = setmetatable({ release = function() end }, { __close = function() end }) }
MuteFolder.__index = MuteFolder

for _, name in ipairs { "write_json", "add_line", "flush", "settle", "cut", "remove", "remove_temporary", "empty" } do
  MuteFolder[name] = function() end
end

function MuteFolder:file(name) return self.path .. "/" .. name end

return function(path) return setmetatable({ path = path }, MuteFolder) end
