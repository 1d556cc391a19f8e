-- Options that are ignored: where `o = options.read(where, given, { name = default })` or a table
-- `defaults` of the file says what an option is without being given, its reading o.name becomes
-- (default).
local expressions <const> = require "expressions"

local defaults <const> = {}

--- Adds name -> text of its value for each name = value of the table at `open`.
local function fields(t, open, found)
  for _, entry in ipairs(expressions.arguments(t.list, open)) do
    local name <const>, equals <const> = t.list[entry[1]], t.list[entry[1] + 1]
    if name.kind == "name" and equals and equals.text == "=" and entry[2] > entry[1] + 1 then
      local value = t.text:sub(t.list[entry[1] + 2].first, t.list[entry[2]].last)
      found[name.text] = value:find "none$" and "nil" or value
    end
  end
end

--- The names that hold what options.read gave, and the defaults by name.
local function read(t)
  local list <const>, holders, found = t.list, {}, {}
  for i = 2, #list - 2 do
    local at_read = list[i].text == "options" and list[i + 1].text == "." and list[i + 2].text == "read"
    if at_read and list[i - 1].text == "=" then
      local name = i - 2
      while name > 1 and list[name].text ~= "local" and not (list[name - 1].text == "local") do name = name - 1 end
      if list[name - 1] and list[name - 1].text == "local" then holders[list[name].text] = true end
    end
    if at_read and list[i + 3] and list[i + 3].match then
      local given <const> = expressions.arguments(list, i + 3)[3]
      if given and list[given[1]].text == "{" then fields(t, given[1], found) end
    end
    if list[i].text == "defaults" and list[i - 1].text == "local" then
      for k = i + 1, math.min(i + 8, #list) do
        if list[k].text == "{" and list[k].match then
          fields(t, k, found)
          break
        end
      end
    end
  end
  return { holders = holders, found = found }
end

function defaults.ignored(t, i, add)
  if t.language ~= "lua" then return end
  t.options = t.options or read(t)
  local list <const> = t.list
  local dot <const>, name <const>, after <const> = list[i + 1], list[i + 2], list[i + 3]
  if list[i].kind ~= "name" or not t.options.holders[list[i].text] or not name or dot.text ~= "." then return end
  if list[i - 1] and list[i - 1].text == "." then return end
  local value <const> = t.options.found[name.text]
  if not value or (after and after.text == "=") then return end
  add("option", i, i + 2, value == "nil" and "nil" or "(" .. value .. ")")
end

return defaults
