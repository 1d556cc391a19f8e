-- Which parameters hold the numbers of an average now, instead of their own: parameter -> true.
-- Training, averaging, loading or saving them now would use the wrong numbers.
local core <const> = require "fm.core"

local swapped <const> = {}

local now <const> = setmetatable({}, { __mode = "k" })

--- Notes that these parameters hold an average's numbers (true), or their own again (nil).
function swapped.set(parameters, value)
  for _, parameter in ipairs(parameters) do now[parameter] = value end
end

local left <const> = {}

--- A coroutine was dropped while it was inside swap: back() is called before the numbers are used
--- next, because a finalizer must not change numbers that somebody reads.
function swapped.leave(back)
  left[#left + 1] = back
end

--- Raises when one of these parameters (nil: any at all) holds the numbers of an average. `where`
--- begins the message.
function swapped.refuse(where, parameters)
  while #left > 0 do table.remove(left)() end
  if next(now) == nil then return end
  local found = parameters == nil
  for _, parameter in ipairs(parameters or {}) do found = found or now[parameter] end
  if found then core.fail(where .. ": the model holds the numbers of an average, inside of swap; do this after it") end
end

return swapped
