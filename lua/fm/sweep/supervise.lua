-- Runs tasks of a sweep, each in a process of its own, so that none can harm another; and sums up.
local fm <const> = require "fm"
local judge <const> = require "fm.sweep.outcome"
local objective <const> = require "fm.records.objective"
local pools <const> = require "fm.sweep.pool"
local printable <const> = require "fm.parts.printable"
local progress <const> = require "fm.cli.terminal.progress"
local readable <const> = require "fm.parts.printable".lines
local short <const> = require "fm.parts.short"
local quoted <const> = require "fm.parts.shell_word"
local uv <const> = require "luv"

local system <const> = fm.system
local exit <const> = { well = 0, failed = 1, saved = 75 }

--- The words after fmrun that make it one run of the sweep.
local function arguments_of(sweep, more)
  local pid = tostring(system.process())
  return function(task, channel)
    return { "worker", sweep.path, "--task", tostring(task.index), "--parent", pid, "--events", tostring(channel), "-q", table.unpack(more) }
  end
end

local events <const> = { -- those that are heeded, and the types of their fields
  progress = { step = "integer", steps = "integer", text = "string" },
  run_skipped = { status = "string" },
  run_failed = { error = "string" },
}

--- The event of a line, or nil when it is none that is heeded, or not as it should be.
local function read_event(line)
  local fields = fm.json.decode(line)
  local types = type(fields) == "table" and events[fields.event]
  if not types then return nil end
  for name, wanted in pairs(types) do
    local value = fields[name]
    if (math.type(value) or type(value)) ~= wanted then return nil end
    if wanted == "string" then fields[name] = readable(value) end
  end
  return fields
end

--- What the pool tells, as state of the tasks and lines on the screen.
local function listener(pool, screen, settings, ended)
  local on = {}
  on.started = function(task) screen:started(task) end
  on.tick = function(now) screen:tick(now) end
  function on.event(task, line)
    local fields = read_event(line)
    if not fields then return end
    if fields.event == "progress" then task.progress = progress.bar(fields.step, fields.steps) .. " " .. fields.text end
    if fields.event == "run_skipped" then
      task.busy = fields.status == "busy"
      pool:scatter()
    end
    if fields.event == "run_failed" then task.failure = fields.error end
  end
  function on.interrupted(_, killed)
    screen:note(killed and "stopped" or "each run finishes its step and saves (again: stop now)")
  end
  function on.ended(task, result)
    task.outcome = judge(task, result, { timeout = settings.timeout_text, stopped = pool.interrupted ~= nil })
    screen:ended(task)
    ended(task)
  end
  return on
end

-- ---- the sum ----

local most_told <const> = 10 -- failures, at the end

local function count(tasks)
  local n = { done = 0, failed = 0, killed = 0, busy = 0, waiting = 0 }
  for _, task in ipairs(tasks) do
    local status = task.outcome and task.outcome.status or "waiting"
    if status == "diverged" then status = "failed" end
    n[status] = n[status] + 1
  end
  return n
end

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

local words <const> = { { "done", "ok" }, { "failed", "failed" }, { "killed", "stopped" }, { "busy", "running elsewhere" }, { "waiting", "not started" } }

local function sum_text(n)
  local parts = {}
  for _, word in ipairs(words) do
    if n[word[1]] > 0 or word[1] == "done" then parts[#parts + 1] = ("%d %s"):format(n[word[1]], word[2]) end
  end
  return table.concat(parts, ", ")
end

local function has_failed(task)
  local status = task.outcome and task.outcome.status
  return status == "failed" or status == "diverged"
end

--- Failures once more: above them may be hours of other lines.
local function tell_again(screen, tasks)
  local told, failed = 0, 0
  for _, task in ipairs(tasks) do
    if has_failed(task) then
      failed = failed + 1
      if told < most_told then screen:tell(task) end
      told = math.min(failed, most_told)
    end
  end
  if failed > told then screen:say(("  and %d more that failed"):format(failed - told)) end
end

--- The sum, and what to type next.
local function sum_up(screen, sweep, tasks, seconds, again)
  local n = count(tasks)
  if #tasks > 1 then tell_again(screen, tasks) end
  local sum = #tasks > 0 and ("%s in %s"):format(sum_text(n), short.duration(seconds)) or "nothing is left to do"
  screen:note(sum .. printable.line(best_text(sweep)))
  local next_words = {}
  if again and n.done < #tasks then next_words[1] = again end
  local hash = sweep.base and sweep.name:match "/sweep%-(%x+)$"
  local place = hash and sweep.base ~= "runs" and ("FM_RUNS=%s "):format(quoted(sweep.base)) or ""
  next_words[#next_words + 1] = place .. "fmrun report " .. (hash or quoted(sweep.path))
  screen:note("next: " .. printable.line(table.concat(next_words, "   |   ")))
  screen:event { event = "sweep_end", sweep = sweep.path, ok = n.done, failed = n.failed, stopped = n.killed, not_started = n.waiting, seconds = seconds }
  return n
end

local function exit_code(pool, n)
  if pool.killed then return 128 + uv.constants[pool.killed:upper()] end
  if pool.interrupted then return exit.saved end
  return n.failed == 0 and n.killed == 0 and exit.well or exit.failed
end

--- Runs `tasks` (some of sweep.tasks). settings: jobs, timeout, timeout_text, maxfail, in_a_row (maxfail counts only failures that follow
--- each other), words (more of them for each process),
--- again (what to type to go on). Returns an exit code.
return function(sweep, tasks, settings, screen)
  local pool <const> = pools.new(settings)
  local began, failures = system.seconds(), 0
  local function ended(task)
    if has_failed(task) then
      failures = failures + 1
    elseif settings.in_a_row and task.outcome.status == "done" then
      failures = 0
    end
    if settings.maxfail and failures >= settings.maxfail then pool:stop() end
  end
  pool:run(tasks, arguments_of(sweep, settings.words), listener(pool, screen, settings, ended))
  return exit_code(pool, sum_up(screen, sweep, tasks, system.seconds() - began, settings.again))
end
