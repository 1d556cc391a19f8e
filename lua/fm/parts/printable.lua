-- Text that fmrun did not write itself (a record, a name, a value, a message, a script's words) as a terminal may get it: control characters,
-- what turns the direction of writing, and bytes that are no UTF-8 come as escapes. A terminal obeys nothing that is printed through this.
local system <const> = require "fm.core".system

local printable <const> = {}

local stdout <const> = 1

--- In one line: "a\\nb", "\\x1b[31mred".
function printable.line(text)
  return system.printable(tostring(text))
end

--- Of several lines: their ends and tabs stay.
function printable.lines(text)
  return system.printable(tostring(text), true)
end

--- Data on stdout: for a program as it is, for a terminal printable.
function printable.data(text)
  return system.is_terminal(stdout) and printable.lines(text) or text
end

return printable
