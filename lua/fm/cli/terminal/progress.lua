-- What a person sees while a run goes on: one line that moves on a terminal, a line every ten seconds elsewhere, all on stderr; or, where
-- events are wanted, one on stdout every second.
local event <const> = require "fm.run.event"
local painter <const> = require "fm.cli.terminal.paint"
local printable <const> = require "fm.parts.printable"
local short <const> = require "fm.parts.short"
local system <const> = require "fm.core".system

local progress <const> = {}
local Progress <const> = {}
Progress.__index = Progress

local stderr <const> = 2

--- options: quiet, color ("auto", "always", "never"), json.
function progress.new(options)
  local terminal = system.is_terminal(stderr)
  return setmetatable({
    out = options.json and io.stderr or io.stdout, quiet = options.quiet, terminal = terminal, painted = painter(stderr, options.color),
    events = options.json, interval = options.json and 1 or terminal and 0.1 or 10, next_time = 0, drawn = false,
  }, Progress)
end

function Progress:paint(color, text)
  return self.painted(color, text)
end

--- Forgets the moving line, so that something else can be printed.
function Progress:clear()
  if self.drawn then io.stderr:write "\r\27[K" end
  self.drawn = false
end

--- A line that stays: a text, or a list of texts and { color, text }, two spaces apart. Printable, whatever a script or a record put in.
function Progress:say(what)
  self:clear()
  local words = {}
  for i, word in ipairs(type(what) == "table" and what or { what }) do
    words[i] = type(word) == "table" and self.painted(word[1], printable.line(word[2])) or printable.lines(word)
  end
  io.stderr:write(table.concat(words, "  "), "\n")
end

function Progress:note(what)
  if not self.quiet then self:say(what) end
end

local function rate_text(rate)
  if rate >= 1000 then return ("%.1fk/s"):format(rate / 1000) end
  return ("%.3g/s"):format(rate)
end

--- A loop of `total` steps begins at time `now`, after `done` of them.
function Progress:begin(name, total, done, now)
  self.name, self.total, self.first, self.began = name, total, done, now
  self.next_time = now + self.interval
end

--- "step 820/2000  41%  loss=0.913  1.2k/s  eta 7s"
function Progress:describe(step, values, now)
  local passed = now - self.began
  local rate = passed > 0 and (step - self.first) / passed or 0
  local parts = { ("step %d/%d"):format(step, self.total), ("%d%%"):format(step * 100 // math.max(1, self.total)) }
  if values ~= "" then parts[#parts + 1] = values end
  if rate > 0 then
    parts[#parts + 1] = rate_text(rate)
    parts[#parts + 1] = "eta " .. short.duration((self.total - step) / rate)
  end
  return table.concat(parts, "  ")
end

--- "[====>               ]"
function progress.bar(step, total)
  local width = 20
  local full = math.max(0, math.min(total > 0 and step * width // total or width, width))
  return "[" .. ("="):rep(full) .. (full < width and ">" or "") .. (" "):rep(width - full - 1) .. "]"
end

--- Shows where the loop is, if it is time. Returns the plain line when one was shown for good.
function Progress:show(step, values, now)
  self.next_time = now + self.interval
  local text = printable.line(self:describe(step, values, now))
  if self.events then
    event { event = "progress", step = step, steps = self.total, text = text }
    return nil
  end
  if not self.terminal then
    self:note(self.name .. "  " .. text)
    return text
  end
  if self.quiet then return nil end
  local layout = require "fm.cli.terminal.layout"
  local columns = layout.page(stderr)
  local line = ("%s %s %s"):format(self.name, progress.bar(step, self.total), text)
  io.stderr:write("\r", layout.clip(line, columns - 1), "\27[K")
  self.drawn = true
  return nil
end

return progress
