-- What a wrong name was probably meant to be, for the end of a message.
local core <const> = require "fm.core"

local nearest <const> = {}

--- '; did you mean "NAME"?'
function nearest.meant(name)
  return ('; did you mean "%s"?'):format(name)
end

--- The same for the one of `names` that is most like `word`. When none is like it, or the word is no string: `otherwise`, or "".
function nearest.advice(word, names, otherwise)
  local name = type(word) == "string" and core.nearest(word, names)
  return name and nearest.meant(name) or otherwise or ""
end

return nearest
