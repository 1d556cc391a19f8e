-- What a person sees of a sweep on stderr: one line that moves per job on a terminal, one line per
-- event elsewhere; with --json also an object per event on stdout.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local events <const> = require "fm.cli.events"
local layout <const> = require "fm.cli.terminal.layout"
local objective <const> = require "fm.records.objective"
local painter <const> = require "fm.cli.terminal.paint"
local printable <const> = require "fm.parts.printable"
local quoted <const> = require "fm.parts.shell_word"
local run_screen <const> = require "fm.cli.terminal.run_screen"
local short <const> = require "fm.parts.short"
local words <const> = require "fm.records.words"

local system <const> = fm.system

local Screen <const> = {}
Screen.__index = Screen

local stderr <const> = 2
local shown_lines <const> = 5
local widest_label <const> = 48
local most_drawn <const> = 16 -- lines that move: a terminal's height is not known
local redraw <const> = 0.2 -- seconds

--- options: quiet, json, color. `sweep` is the described one.
local function new(options, sweep)
  local width = 0
  for _, task in ipairs(sweep.tasks) do width = math.max(width, layout.width(task.label)) end
  return setmetatable({ sweep = sweep, paint = painter(stderr, options.color), json = options.json, quiet = options.quiet,
    terminal = system.is_terminal(stderr) and not options.quiet, width = math.min(width, widest_label), running = {}, drawn = 0, next_draw = 0 }, Screen)
end

--- One object on stdout, when asked for events.
function Screen:event(fields)
  if not self.json then return end
  events.tell(fields)
end

-- ---- the moving lines ----

function Screen:clear()
  if self.drawn > 0 then io.stderr:write(("\27[%dA\27[J"):format(self.drawn)) end
  self.drawn = 0
end

function Screen:name_of(task)
  return ("%03d %s"):format(task.index, task.label .. (" "):rep(self.width - layout.width(task.label)))
end

function Screen:draw()
  self:clear()
  local columns = layout.page(stderr)
  self.drawn = math.min(#self.running, most_drawn)
  for i = 1, self.drawn do
    local task = self.running[i]
    local at = task.progress
    local text = at and run_screen.bar(at.step, at.steps) .. " " .. at.text or "starts"
    io.stderr:write(layout.clip(("  run   %s  %s"):format(self:name_of(task), printable.line(text)), columns - 1), "\n")
  end
end

function Screen:tick(now)
  if not self.terminal or now < self.next_draw then return end
  self.next_draw = now + redraw
  self:draw()
end

--- A line that stays, above those that move.
function Screen:say(text)
  self:clear()
  io.stderr:write(text, "\n")
end

function Screen:note(text)
  if not self.quiet then self:say(text) end
end

-- ---- events ----

--- options: jobs, threads.
function Screen:begin(options, done)
  local sweep, jobs, threads = self.sweep, options.jobs, options.threads
  local size, each = words.count(#sweep.tasks, "run"), words.count(threads, "thread")
  self:note(("sweep %s   %s, %d parallel x %s"):format(printable.line(sweep.path), size, jobs, each) .. (done > 0 and (", %d done before"):format(done) or ""))
  self:event { event = "sweep_start", sweep = sweep.path, runs = #sweep.tasks, done = done, jobs = jobs }
end

function Screen:started(task)
  self.running[#self.running + 1] = task
  if not self.terminal then self:note(("  run   %03d %s"):format(task.index, task.label)) end
  self:event { event = "run_start", sweep_index = task.index, run = task.path, changed = task.changed }
end

--- Tells that all runs were asked to end: by themselves, or at once.
function Screen:interrupted(at_once)
  self:note(at_once and "stopped" or "each run finishes its step and saves (again: stop now)")
end

--- The last lines that a failed run printed, marked, without the line of its error; and the command
--- that shows more.
function Screen:say_lines(task, error_line)
  local lines = {}
  for _, line in ipairs(task.outcome.lines) do
    if line ~= "fmrun: " .. error_line then lines[#lines + 1] = line end
  end
  for i = math.max(1, #lines - shown_lines + 1), #lines do self:say("          | " .. printable.line(lines[i])) end
  if lfs.attributes(task.path) then self:say("          fmrun log " .. printable.line(quoted(task.path))) end
end

local marks <const> = { done = { "ok  ", "green" }, killed = { "stop", "dim" }, busy = { "busy", "dim" } }

local function first_line(text)
  return (text or ""):match "[^\n]*"
end

--- Tells the end of a run and, of a failed one, its last lines.
function Screen:tell(task)
  local outcome = task.outcome
  local mark, color = table.unpack(marks[outcome.status] or { "FAIL", "red" })
  local said = outcome.status == "done" and short.results(outcome.summary or {}) or first_line(outcome.error)
  local say = marks[outcome.status] and self.note or self.say
  say(self, ("  %s  %s  %6s  %s"):format(self.paint(color, mark), self:name_of(task), short.duration(outcome.seconds), printable.line(said)))
  if not marks[outcome.status] then self:say_lines(task, said) end
end

function Screen:ended(task)
  for i, other in ipairs(self.running) do
    if other == task then
      table.remove(self.running, i)
      break
    end
  end
  self:tell(task)
  local outcome = task.outcome
  self:event { event = "run_end", sweep_index = task.index, run = task.path, status = outcome.status, exit = outcome.code, signal = outcome.signal,
    error = outcome.error, seconds = outcome.seconds, summary = outcome.summary, peak_rss = outcome.peak }
  if self.terminal then self:draw() end
end

-- ---- the sum ----

local most_told <const> = 10 -- failures, at the end

local function best_text(sweep)
  local runs = {}
  for i, task in ipairs(sweep.tasks) do
    local outcome = task.outcome or task.record
    if outcome.status == "done" then runs[#runs + 1] = { index = i, status = "done", config = task.config, summary = outcome.summary or {} } end
  end
  local chosen = #runs > 1 and objective.choose(runs) or nil
  local first = chosen and objective.ranked(chosen, runs)[1]
  if not first then return "" end
  local task = sweep.tasks[first.index]
  return ("    best %s %s  %03d %s"):format(chosen.name, short.number(objective.value(chosen, first)), task.index, task.label)
end

local sum_words <const> = { { "done", "ok" }, { "failed", "failed" }, { "killed", "stopped" }, { "busy", "running elsewhere" },
  { "waiting", "not started" } }

local function sum_text(n)
  local parts = {}
  for _, word in ipairs(sum_words) do
    if n[word[1]] > 0 or word[1] == "done" then parts[#parts + 1] = ("%d %s"):format(n[word[1]], word[2]) end
  end
  return table.concat(parts, ", ")
end

--- Lists the failures again, because hours of other lines may lie between.
function Screen:tell_again(tasks)
  local failed = 0
  for _, task in ipairs(tasks) do
    local status = task.outcome and task.outcome.status
    if status == "failed" or status == "diverged" then
      failed = failed + 1
      if failed <= most_told then self:tell(task) end
    end
  end
  if failed > most_told then self:say(("  and %d more that failed"):format(failed - most_told)) end
end

--- The summary of these tasks, and what to type next. result: of fm.sweep.execute. again: what to
--- type to continue.
function Screen:sum_up(tasks, result, again)
  local sweep, n = self.sweep, result.counts
  if #tasks > 1 then self:tell_again(tasks) end
  local sum = #tasks > 0 and ("%s in %s"):format(sum_text(n), short.duration(result.seconds)) or "nothing is left to do"
  self:note(sum .. printable.line(best_text(sweep)))
  local next_words = {}
  if again and n.done < #tasks then next_words[1] = again end
  local hash = sweep.base and sweep.name:match "/sweep%-(%x+)$"
  local place = hash and sweep.base ~= "runs" and ("FM_RUNS=%s "):format(quoted(sweep.base)) or ""
  next_words[#next_words + 1] = place .. "fmrun report " .. (hash or quoted(sweep.path))
  self:note("next: " .. printable.line(table.concat(next_words, "   |   ")))
  self:event { event = "sweep_end", sweep = sweep.path, ok = n.done, failed = n.failed, stopped = n.killed, not_started = n.waiting,
    seconds = result.seconds }
end

return { new = new }
