-- Prints what a run printed, and with -f what it goes on to print, until it ends. A moving line on
-- stderr shows where a running run is. Control characters other than line ends and tabs are
-- escaped, also into a pipe, because the text comes from a script and a terminal would obey them.
local command_line <const> = require "fm.cli.command_line"
local describe <const> = require "fm.records.describe"
local layout <const> = require "fm.cli.terminal.layout"
local open <const> = require "fm.records.regular"
local printable <const> = require "fm.parts.printable"
local records <const> = require "fm.records.runs"
local system <const> = require "fm.core".system

local stderr <const>, pause <const> = 2, 200 -- milliseconds between two looks
local block <const> = 1 << 16 -- bytes read at a time

--- The bytes of a text before a character that is cut off at its end.
local function whole(text)
  local start = text:match "()[\xC2-\xF4][\x80-\xBF]*$"
  return start and #text - start < 3 and not utf8.len(text, start) and start - 1 or #text
end

--- Writes what a file holds beyond a position, a last line without an end only when `ended`;
--- returns the position reached, or nil when the reader is gone. A resumed run cuts its log back:
--- then the part after the cut is written again.
local function write_on(path, position, ended)
  local file <close>, size = open(path)
  if not file then
    if size then error({ message = size, exit = 1 }, 0) end
    return position
  end
  position = math.min(position, size)
  while position < size do
    file:seek("set", position)
    local text = file:read(math.min(block, size - position)) or ""
    local stop = whole(text)
    if position + #text == size then stop = ended and #text or text:match "^.*()\n" or 0 end
    if stop == 0 then break end
    if not io.stdout:write(printable.lines(text:sub(1, stop))) then return nil end
    position = position + stop
  end
  return io.stdout:flush() and position
end

local function follow(record)
  local uv <const> = require "luv"
  local drawn, position = system.is_terminal(stderr), 0
  while true do
    local now = records.read(record.path, record.name)
    local ended = now.status ~= "running"
    if drawn then io.stderr:write "\r\27[K" end
    position = write_on(record.path .. "/log.txt", position, ended)
    if not position then return end
    if ended then
      io.stderr:write(("%s: %s\n"):format(printable.line(record.name), printable.line(now.status)))
      return
    end
    if drawn then io.stderr:write(layout.clip(printable.line(describe.progress(record)), layout.page(stderr) - 1)) end
    uv.sleep(pause)
  end
end

return {
  help = "what a run printed, control characters as escapes; -f follows it to its end", usage = "fmrun log RUN [-f]", takes = "run",
  options = { { "-f", "--follow", name = "follow", help = "go on until the run ends" }, "runs" },
  examples = { "fmrun log @-1 -f", 'cat "$(fmrun path @-1)/log.txt"      as it was printed' },
  run = function(line)
    if #line.words ~= 1 then line.refuse(("expected one run, found %d"):format(#line.words)) end
    local record = records.expect(records.find(command_line.runs(line), line.words[1]))
    if line.follow then return follow(record) end
    if write_on(record.path .. "/log.txt", 0, true) == 0 then
      io.stderr:write(("%s printed nothing (%s)\n"):format(printable.line(record.name), printable.line(record.status)))
    end
  end,
}
