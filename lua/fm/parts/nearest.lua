-- The name that was probably meant by a wrong one, for the end of a message.
local core <const> = require "fm.core"

local nearest <const> = {}

--- '; did you mean "NAME"?'
function nearest.meant(name)
  return ('; did you mean "%s"?'):format(name)
end

--- The same for the name in `names` that is most like `word`. When none is like it, or the word is
--- not a string: `otherwise`, or "".
function nearest.advice(word, names, otherwise)
  local name = type(word) == "string" and core.nearest(word, names)
  return name and nearest.meant(name) or otherwise or ""
end

local longest <const> = 300 -- of a list in a message

--- The same, and when none is like it, all of them: " (one of: A, B)".
function nearest.advice_or_all(word, names)
  local list = table.concat(names, ", ")
  return nearest.advice(word, names, #names == 0 and " (there is none)" or #list <= longest and (" (one of: %s)"):format(list) or nil)
end

return nearest
