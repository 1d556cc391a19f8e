-- What a run printed, and with -f what it goes on to print, until it ends. Where a running one is stands in a moving line on stderr.
local command_line <const> = require "fm.run.command_line"
local describe <const> = require "fm.records.describe"
local layout <const> = require "fm.terminal.layout"
local records <const> = require "fm.records"
local system <const> = require "fm.core".system

local stderr <const>, pause <const> = 2, 200 -- milliseconds between two looks

--- What a file holds beyond a position, and where it ends now. A resumed run cuts its log back: then the part after the cut comes again.
local function read_on(path, position)
  local file <close> = io.open(path, "rb")
  if not file then return "", position end
  local size = file:seek "end"
  file:seek("set", math.min(position, size))
  local text = file:read "a" or ""
  return text, math.min(position, size) + #text
end

local function follow(record, position)
  local uv <const> = require "luv"
  local drawn = system.is_terminal(stderr)
  local text, ended
  while true do
    ended = records.read(record.path, record.name)
    text, position = read_on(record.path .. "/log.txt", position)
    if drawn then io.stderr:write "\r\27[K" end
    if not (io.stdout:write(text) and io.stdout:flush()) then return end -- nobody reads any more
    if ended.status ~= "running" then break end
    if drawn then io.stderr:write(describe.progress(record):sub(1, layout.page(stderr) - 1)) end
    uv.sleep(pause)
  end
  io.stderr:write(("%s: %s\n"):format(record.name, ended.status))
end

return {
  help = "what a run printed; -f follows it to its end", usage = "fmrun log RUN [-f]", takes = "run",
  options = { { "-f", "--follow", name = "follow", help = "go on until the run ends" }, "runs" },
  examples = { "fmrun log @-1 -f" },
  run = function(line)
    if #line.words ~= 1 then line.refuse(("expected one run, found %d"):format(#line.words)) end
    local record = records.expect(records.find(command_line.runs(line), line.words[1]))
    if line.follow then return follow(record, 0) end
    local text = read_on(record.path .. "/log.txt", 0)
    io.stdout:write(text)
    if text == "" then io.stderr:write(("%s printed nothing (%s)\n"):format(record.name, record.status)) end
  end,
}
