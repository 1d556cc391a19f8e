-- What a person sees of a run: its words on stdout, and on stderr one line that moves on a
-- terminal, a line every ten seconds elsewhere. With events, they go to stdout, one per line, and
-- the run's words go to stderr. Any object with these methods can listen to a run.
local events <const> = require "fm.cli.events"
local printable <const> = require "fm.parts.printable"
local quoted <const> = require "fm.parts.shell_word"
local system <const> = require "fm.core".system

local run_screen <const> = {}
local Screen <const> = {}
Screen.__index = Screen

local stderr <const> = 2

--- options: quiet, color ("auto", "always", "never"), json, again (path -> the command that
--- continues a run, if that is not fmrun resume).
function run_screen.new(options)
  local terminal = system.is_terminal(stderr)
  return setmetatable({
    out = options.json and io.stderr or io.stdout, quiet = options.quiet, color = options.color, terminal = terminal,
    json = options.json, again = options.again, interval = options.json and 1 or terminal and 0.1 or 10, next_time = 0, drawn = false,
  }, Screen)
end

-- ---- lines ----

--- Clears the moving line, so that something else can be printed.
function Screen:clear()
  if self.drawn then io.stderr:write "\r\27[K" end
  self.drawn = false
end

--- A line that stays: a text, or a list of texts and { color, text }, two spaces apart. It is made
--- printable, whatever a script or a record put in.
function Screen:say(what)
  self:clear()
  local words, paint = {}, nil
  for i, word in ipairs(type(what) == "table" and what or { what }) do
    if type(word) == "table" then
      paint = paint or require "fm.cli.terminal.paint"(stderr, self.color)
      words[i] = paint(word[1], printable.line(word[2]))
    else
      words[i] = printable.lines(word)
    end
  end
  io.stderr:write(table.concat(words, "  "), "\n")
end

function Screen:note(what)
  if not self.quiet then self:say(what) end
end

--- Something is wrong, but the run goes on.
function Screen:warn(message)
  self:say("fmrun: " .. message)
end

--- What the script prints.
function Screen:print(text)
  self:clear()
  self.out:write(text, "\n")
end

local function event(screen, fields)
  if screen.json then events.tell(fields) end
end

-- ---- from the beginning to the end ----

--- Prints why there is no run, or no record of how it ended.
function Screen:refused(message)
  self:warn(message)
  events.failure(message)
end

--- Like refused, for a run that reports the message when it ends.
function Screen.unrecorded(_, message) -- luacheck: ignore 212
  events.failure(message)
end

--- Tells that the run in this folder is already done.
function Screen:done_before(path)
  self:note(path .. " is done")
  event(self, { event = "run_skipped", run = path, status = "done" })
end

--- about: experiment, path, seed, config, step (where it goes on from; 0 for a new run).
function Screen:started(about)
  event(self, { event = "run_start", experiment = about.experiment, run = about.path, seed = about.seed, config = about.config, step = about.step })
  if about.step > 0 then self:note(("%s goes on from step %d"):format(about.experiment, about.step)) end
end

--- A signal has come in a loop. saves: whether a checkpoint will be written.
function Screen:stopping(signal, saves)
  self:warn(("finishing the step%s%s"):format(saves and ", writing a checkpoint" or "", signal == "INT" and " (Ctrl-C again to stop now)" or ""))
end

--- What a resume of a run that was stopped will do.
local function what_next(about)
  if about.saved then return "to go on: " end
  if about.keeps then return "no checkpoint was written yet; to begin again: " end
  return "nothing is kept (see run:keeps); to begin again: "
end

--- "done  moons  step 2000  26s  w2=0.13  runs/moons/..."
local function sum_of(about, record)
  local short <const> = require "fm.parts.short"
  local words = { { record.status == "done" and "green" or "red", record.status }, record.experiment, "step " .. record.steps,
    short.duration(record.seconds) }
  local results = short.results(record.summary)
  if results ~= "" then words[#words + 1] = results end
  words[#words + 1] = { "dim", about.path }
  return words
end

--- about: path, saved (there is a checkpoint), keeps (there could be one). record: as in run.json.
function Screen:ended(about, record)
  if record.error then self:warn(record.error) end
  if not self.quiet then
    self:say(sum_of(about, record))
    if record.status == "killed" then self:say(what_next(about) .. (self.again and self.again(about.path) or "fmrun resume " .. quoted(about.path))) end
  end
  event(self, { event = "run_end", experiment = record.experiment, run = about.path, status = record.status, error = record.error,
    seconds = record.seconds, summary = record.summary })
end

-- ---- its loops ----

--- A loop of `total` steps begins at time `now`, after `done` of them. unit: what is counted, if
--- not steps.
function Screen:begin(name, total, done, now, unit)
  self.name, self.total, self.first, self.began, self.unit = name, total, done, now, unit or "step"
  self.next_time = now + self.interval
end

local function rate_text(rate)
  if rate >= 1000 then return ("%.1fk/s"):format(rate / 1000) end
  return ("%.3g/s"):format(rate)
end

--- "step 820/2000  41%  loss=0.913  1.2k/s  eta 7s"
function Screen:describe(step, values, now)
  local passed = now - self.began
  local rate = passed > 0 and (step - self.first) / passed or 0
  local parts = { ("%s %d/%d"):format(self.unit, step, self.total), ("%d%%"):format(step * 100 // math.max(1, self.total)) }
  if values ~= "" then parts[#parts + 1] = values end
  if rate > 0 then
    parts[#parts + 1] = rate_text(rate)
    parts[#parts + 1] = "eta " .. require "fm.parts.short".duration((self.total - step) / rate)
  end
  return table.concat(parts, "  ")
end

--- "[====>               ]"
function run_screen.bar(step, total)
  local width = 20
  local full = math.max(0, math.min(total > 0 and step * width // total or width, width))
  return "[" .. ("="):rep(full) .. (full < width and ">" or "") .. (" "):rep(width - full - 1) .. "]"
end

--- Shows where the loop is; to be called when `next_time` has come.
function Screen:show(step, values, now)
  self.next_time = now + self.interval
  local text = printable.line(self:describe(step, values, now))
  if self.json then return event(self, { event = "progress", step = step, steps = self.total, text = text }) end
  if not self.terminal then return self:note(self.name .. "  " .. text) end
  if self.quiet then return end
  local layout = require "fm.cli.terminal.layout"
  local line = ("%s %s %s"):format(self.name, run_screen.bar(step, self.total), text)
  io.stderr:write("\r", layout.clip(line, layout.page(stderr) - 1), "\27[K")
  self.drawn = true
end

return run_screen
