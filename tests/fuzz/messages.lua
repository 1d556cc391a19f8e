-- What campaigns ask of error messages: one says at a line of the script which function it was and
-- what.
--   judge(message) -> "mine", when a function of the campaign raised it, or "refused"; its text;
--     why it says too little, or nil
--   shown(v)    a value in a report
local fm <const> = require "fm"

local messages <const> = {}

local vague <const> = { "attempt to ", "bad argument", "'%?'", "^[^:]*$", "stack overflow", "internal error", "expected got" }

function messages.judge(message)
  local text = type(message) == "table" and message.message or message
  if type(text) ~= "string" then text = "an error that is a " .. type(text) end
  if text:find("MINE:", 1, true) or text == "attempt to yield from outside a coroutine" then return "mine", text end
  local bad = not text:find "tests/%l+/[%l_]+%.lua:%d+: " and "no line of the script" or nil
  for _, pattern in ipairs(vague) do bad = bad or text:gsub("^%S+: ", ""):find(pattern) and pattern end
  return "refused", text, bad
end

function messages.shown(v)
  if type(v) == "number" then return ("%.17g"):format(v) end
  if type(v) == "string" then return ("%q"):format(v):sub(1, 40) end
  if fm.is_tensor(v) then return tostring(v):match "^[^\n{]*" end
  if type(v) ~= "table" or getmetatable(v) then return type(v) end
  local list = {}
  for key, entry in pairs(v) do list[#list + 1] = ("%s = %s"):format(key, type(entry) == "table" and "table" or messages.shown(entry)) end
  return "{ " .. table.concat(list, ", ") .. " }"
end

return messages
