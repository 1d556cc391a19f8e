-- A value as the prompt prints it. A plain table is shown with its contents, {1, 2, x = 3}, a long
-- one shortened; everything else by tostring.
local core <const> = require "fm.core"
local printable <const> = require "fm.parts.printable"

local most <const> = 20  -- entries of a table
local depth <const> = 3  -- tables within tables
local width <const> = 100 -- characters of a line

--- Whether a table has no text of its own.
local function is_plain(value)
  if type(value) ~= "table" then return false end
  local meta = getmetatable(value)
  return meta == nil or type(meta) == "table" and rawget(meta, "__tostring") == nil and rawget(meta, "__name") == nil
end

local entry_text

local function key_text(key)
  if type(key) == "string" and key:find "^[%a_][%w_]*$" then return key .. " = " end
  return ("[%s] = "):format(entry_text(key, 1))
end

--- The texts of the entries, those of the list first; at most `most` of them, and how many are left
--- out.
local function entries_of(list, level)
  local texts, n = {}, rawlen(list)
  for i = 1, math.min(n, most) do texts[i] = entry_text(rawget(list, i), level) end
  local others, left = {}, math.max(0, n - most)
  for key, value in next, list do
    if not (math.type(key) == "integer" and key >= 1 and key <= n) then others[key] = value end
  end
  local shown = 0
  for key, value in pairs(others) do -- in order
    shown = shown + 1
    if shown <= most then texts[#texts + 1] = key_text(key) .. entry_text(value, level) else left = left + 1 end
  end
  return texts, left
end

local function table_text(list, level)
  if next(list) == nil then return "{}" end
  if level > depth then return "{...}" end
  local texts, left = entries_of(list, level)
  if left > 0 then texts[#texts + 1] = ("... (%d more)"):format(left) end
  local line = "{" .. table.concat(texts, ", ") .. "}"
  if #line <= width and not line:find "\n" then return line end
  local indent = ("  "):rep(level)
  return ("{\n%s%s\n%s}"):format(indent, table.concat(texts, ",\n" .. indent), ("  "):rep(level - 1))
end

--- A value inside a table, in few words.
function entry_text(value, level)
  if type(value) == "string" then return ('"%s"'):format(printable.line(value)) end
  if core.is_tensor(value) then return tostring(value):match "^[^\n{]*[^\n{ ]" end
  if is_plain(value) then return table_text(value, level + 1) end
  return (tostring(value):match "^[^\n]*")
end

return function(value)
  return is_plain(value) and table_text(value, 1) or value
end
