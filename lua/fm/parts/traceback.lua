-- Errors as the writer of a script wants to read them: with the script's own lines, and none of fm
-- or C.
local readable <const> = require "fm.parts.printable".lines

local traceback <const> = {}

local here <const> = debug.getinfo(1, "S").source
local fm_folder <const> = here:gsub("parts/traceback%.lua$", "")
local inside_fm <const> = "^%S*/fm/([%w_/]+%.lua:%d+): "
local longest_text <const> = 8192 -- bytes of a message
local most_frames <const> = 10    -- at either end of a deep stack
local most_levels <const> = 40    -- looked at for them

--- Whether a Lua file is one of fm's own.
function traceback.is_own(path)
  return ("@" .. path):sub(1, #fm_folder) == fm_folder
end

-- ---- the stack ----

local function frame_text(frame)
  local where = frame.currentline > 0 and ("%s:%d"):format(frame.short_src, frame.currentline) or frame.short_src
  if frame.what == "main" then return where .. ": in main chunk" end
  if frame.name then return ("%s: in %s '%s'"):format(where, frame.namewhat == "" and "function" or frame.namewhat, frame.name) end
  return ("%s: in function <%s:%d>"):format(where, frame.short_src, frame.linedefined)
end

--- The frame at a level of the caller's caller, if it belongs to the script; and whether there is
--- such a level. The stack has no index: reaching a level takes time in proportion to its height.
local function frame_at(level)
  local frame = debug.getinfo(level + 2, "nSl")
  local own = frame and frame.what ~= "C" and frame.source:sub(1, #fm_folder) ~= fm_folder
  return own and frame or nil, frame ~= nil
end

--- The highest level of the caller's caller.
local function top_level(known)
  local low, high = known, known * 2
  while debug.getinfo(high + 2, "l") do low, high = high, high * 2 end
  while high - low > 1 do
    local middle = (low + high) // 2
    if debug.getinfo(middle + 2, "l") then low = middle else high = middle end
  end
  return low
end

--- The frames of the script from `level` (of the caller) up: their texts, and "FILE:LINE: " of the
--- innermost. A deep stack shows only its two ends: an endless recursion is 200,000 calls deep.
local function script_frames(level)
  local texts, innermost = {}, nil
  local last = level + most_levels
  for at = level, last do
    local frame, exists = frame_at(at)
    if not exists then return texts, innermost end
    if frame then
      innermost = innermost or ("%s:%d: "):format(frame.short_src, frame.currentline)
      texts[#texts + 1] = frame_text(frame)
    end
    if #texts == most_frames then
      last = at
      break
    end
  end
  local outer, top = {}, top_level(last)
  local at = top
  while at > last and top - at < most_levels and #outer < most_frames do
    local frame = frame_at(at)
    if frame then table.insert(outer, 1, frame_text(frame)) end
    at = at - 1
  end
  if at > last then texts[#texts + 1] = ("... (%d more calls)"):format(at - last) end
  return table.move(outer, 1, #outer, #texts + 1, texts), innermost
end

-- ---- the message ----

--- "{ code = 3, message = "x" }": a thrown table, its plain values.
local function table_text(value)
  local words = {}
  for key, field in next, value do
    local kind = type(field)
    if type(key) == "string" and (kind == "string" or kind == "number" or kind == "boolean") then
      words[#words + 1] = ("%s = %s"):format(key, kind == "string" and ('"%s"'):format(field:sub(1, 200)) or tostring(field))
    end
    if #words == 10 then break end
  end
  table.sort(words)
  return #words > 0 and ("{ %s }"):format(table.concat(words, ", ")) or nil
end

--- Whatever was thrown, as text: its own text if it has one, cut to a readable length, in
--- characters that a terminal shows.
function traceback.text_of(message)
  local kind = type(message)
  local text
  if kind == "string" or kind == "number" then
    text = tostring(message)
  else
    local ok, told = pcall(function() return (getmetatable(message) or {}).__tostring and tostring(message) end)
    text = ok and told or kind == "table" and table_text(message)
    text = text and ("(a %s was thrown) %s"):format(kind, text) or ("(error object is a %s value)"):format(kind)
    if ok and told then text = told end
  end
  local length = #text
  if length > longest_text then text = ("%s... (%d bytes in all)"):format(text:sub(1, longest_text), length) end
  return readable(text)
end

--- For xpcall: a message that begins at the script's line, and below it the script's frames.
function traceback.handler(message)
  local text = traceback.text_of(message)
  local frames, innermost = script_frames(2)
  local place = text:match(inside_fm)
  if place then text = ("%s%s (fm/%s)"):format(innermost or "", text:gsub(inside_fm, "", 1), place) end
  if #frames == 0 then return text end
  return text .. "\nstack traceback:\n\t" .. table.concat(frames, "\n\t")
end

--- The message of a failure outside of the program (a file, say), without fm's own line in front of
--- it.
function traceback.without_place(message)
  return (traceback.text_of(message):gsub(inside_fm, "", 1))
end

--- "FILE:LINE: " of the line that the script is running.
function traceback.place()
  local _, innermost = script_frames(2)
  return innermost or ""
end

return traceback
