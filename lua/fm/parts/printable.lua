-- Text that fmrun did not write itself (a record, a name, a value, a message, a script's text),
-- made safe for a terminal: escapes replace control characters, marks that turn the direction of
-- writing, and bytes that are not UTF-8. So printed text cannot control a terminal.
local system <const> = require "fm.core".system

local printable <const> = {}

local stdout <const> = 1

--- On one line: "a\\nb", "\\x1b[31mred".
function printable.line(text)
  return system.printable(tostring(text))
end

--- Several lines: line ends and tabs stay.
function printable.lines(text)
  return system.printable(tostring(text), true)
end

--- Data for stdout: unchanged for a program, printable for a terminal.
function printable.data(text)
  return system.is_terminal(stdout) and printable.lines(text) or text
end

return printable
