-- parameter_hint(argv, place): "steps=10" for the unknown option --steps=10 (or --steps 10) at
-- argv[place], when a script of the words declares steps; else nil. The script is read, not called:
-- a wrong option runs nothing. So only names that stand in its params = { ... } are known.
local core <const> = require "fm.core"
local quoted <const> = require "fm.parts.shell_word"

local largest <const> = 1 << 20 -- bytes of a script

local function declares(path, name)
  local text = core.file.read(path, largest)
  local params = text and text:match "%f[%w_]params%s*=%s*(%b{})"
  return params ~= nil and params:find("%f[%w_]" .. name .. "%s*=[^=]") ~= nil
end

return function(argv, place)
  local name, value = argv[place]:match "^%-%-([%a_][%w_-]*)=?(.*)$"
  if not name then return nil end
  name = name:gsub("-", "_")
  if not argv[place]:find "=" then
    local follows = argv[place + 1]
    value = follows and not follows:find "^%-" and not follows:find "%.lua$" and follows or "..."
  end
  for _, word in ipairs(argv) do
    if word == "--" then return nil end
    if word:find "%.lua$" and declares(word, name) then return value == "..." and name .. "=..." or quoted(name .. "=" .. value) end
  end
  return nil
end
