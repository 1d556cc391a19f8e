-- What a script gives to a method of its run, checked. `what` begins a message: "table: rows".
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local utf8_text <const> = require "fm.parts.utf8_text"

local given <const> = {}

--- The number of a tensor that holds one; any other value unchanged.
function given.plain(value)
  if fm.is_tensor(value) and value:count() == 1 then return value:item() end
  return value
end

--- A finite number, or a tensor that holds one.
function given.finite(what, value)
  local number = given.plain(value)
  if math.type(number) and number - number == 0 then return number end
  fm.fail(("%s: expected a finite number, found %s"):format(what, options.shown(number)))
end

--- A text on one line.
function given.line(what, value)
  if type(value) ~= "string" then fm.fail(("%s: expected a text, found %s"):format(what, options.shown(value))) end
  utf8_text.check(what, value)
  if value:find "%c" then fm.fail(("%s: expected a text on one line, found %s"):format(what, options.shown(value))) end
  return value
end

--- The name of a metric.
function given.metric(what, name)
  if type(name) ~= "string" then fm.fail(("%s: expected the name of a logged number, found %s"):format(what, options.shown(name))) end
end

--- The length of a list, of which each entry is given to check(i, value). holes: some may be
--- missing.
function given.each(what, list, check, holes)
  if type(list) ~= "table" then fm.fail(("%s: expected a list, found %s"):format(what, options.shown(list))) end
  local n, count = 0, 0
  for i, value in next, list do
    if math.type(i) ~= "integer" or i < 1 then fm.fail(("%s: expected a list, found the key %s"):format(what, options.shown(i))) end
    n, count = math.max(n, i), count + 1
    check(i, value)
  end
  if n == count or holes then return n end
  local missing = 1
  while rawget(list, missing) ~= nil do missing = missing + 1 end
  fm.fail(("%s: entry %d is missing"):format(what, missing))
end

return given
