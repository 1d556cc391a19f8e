-- Errors as the writer of a script wants to read them: their own lines, not those of fm or of C.
local traceback <const> = {}

local here <const> = debug.getinfo(1, "S").source
local fm_folder <const> = here:gsub("run/traceback%.lua$", "")
local inside_fm <const> = "^%S*/fm/([%w_/]+%.lua:%d+): "

local function frame_text(frame)
  local where = frame.currentline > 0 and ("%s:%d"):format(frame.short_src, frame.currentline) or frame.short_src
  if frame.what == "main" then return where .. ": in main chunk" end
  if frame.name then return ("%s: in %s '%s'"):format(where, frame.namewhat == "" and "function" or frame.namewhat, frame.name) end
  return ("%s: in function <%s:%d>"):format(where, frame.short_src, frame.linedefined)
end

--- The frames of the script from `level` (of the caller) up: their texts, and "FILE:LINE: " of the innermost.
local function script_frames(level)
  local texts, innermost = {}, nil
  while true do
    level = level + 1
    local frame = debug.getinfo(level, "nSl")
    if not frame then return texts, innermost end
    local own = frame.what ~= "C" and frame.source:sub(1, #fm_folder) ~= fm_folder
    if own then
      innermost = innermost or ("%s:%d: "):format(frame.short_src, frame.currentline)
      texts[#texts + 1] = frame_text(frame)
    end
  end
end

local function text_of(message)
  if type(message) == "string" or type(message) == "number" then return tostring(message) end
  local meta = getmetatable(message)
  if type(meta) == "table" and meta.__tostring then return tostring(message) end
  return ("(error object is a %s value)"):format(type(message))
end

--- For xpcall: a message that begins at the script's line, and below it the script's frames. Tables that carry a `stop` (see
--- fm.run) pass as they are.
function traceback.handler(message)
  if type(message) == "table" and message.stop then return message end
  local text = text_of(message)
  local frames, innermost = script_frames(2)
  local place = text:match(inside_fm)
  if place then text = ("%s%s (fm/%s)"):format(innermost or "", text:gsub(inside_fm, "", 1), place) end
  if #frames == 0 then return text end
  return text .. "\nstack traceback:\n\t" .. table.concat(frames, "\n\t")
end

--- A message of the world, without fm's own line in front of it.
function traceback.without_place(message)
  return (tostring(message):gsub(inside_fm, "", 1))
end

--- "FILE:LINE: " of the script's line that is running now.
function traceback.place()
  local _, innermost = script_frames(2)
  return innermost or ""
end

return traceback
