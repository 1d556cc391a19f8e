-- What campaigns ask of error messages: one says at a line of the script which function it was and
-- what.
--   tally() -> counts of what became of calls: well, refused, mine (a function of the campaign
--     raised the error) and wrong
--   tally:error(what, described, message)    counts an error of a call, and prints, once of a kind,
--     one that says too little
--   tally:complain(text)    prints and counts as wrong
--   shown(v)    a value in a report
local fm <const> = require "fm"

local messages <const> = {}

local vague <const> = { "attempt to ", "bad argument", "'%?'", "^[^:]*$", "stack overflow", "internal error", "expected got" }

--- "mine" or "refused"; the text; why it says too little, or nil.
local function judge(message)
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

local Tally <const> = {}
Tally.__index = Tally

function messages.tally() return setmetatable({ well = 0, refused = 0, mine = 0, wrong = 0, told = {} }, Tally) end

function Tally:complain(text)
  self.wrong = self.wrong + 1
  print(text)
end

function Tally:error(what, described, message)
  local kind, text, bad = judge(message)
  self[kind] = self[kind] + 1
  local key = bad and what .. "  " .. text:gsub("%d+", "N"):sub(1, 100)
  if not bad or self.told[key] then return end
  self.told[key] = true
  self:complain(("%s\n    %s"):format(described, text))
end

return messages
