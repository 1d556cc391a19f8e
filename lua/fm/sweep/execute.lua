-- Runs tasks of a sweep, each in a process of its own, so that one cannot harm another.
local fm <const> = require "fm"
local judge <const> = require "fm.sweep.outcome"
local pools <const> = require "fm.sweep.pool"
local readable <const> = require "fm.parts.printable".lines

local system <const> = fm.system

local events <const> = { -- the events that are used, and the types of their fields
  progress = { step = "integer", steps = "integer", text = "string" },
  run_skipped = { status = "string" },
  run_failed = { error = "string" },
}

--- The event in a line; nil for events that do not matter here, and for lines that are malformed.
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

--- Handlers for the pool: they set the state of the tasks and tell the listener.
local function hear(pool, listener, settings, ended)
  local on = {}
  on.started = function(task) listener:started(task) end
  on.tick = function(now) listener:tick(now) end
  function on.event(task, line)
    local fields = read_event(line)
    if not fields then return end
    if fields.event == "progress" then task.progress = fields end
    if fields.event == "run_skipped" then
      task.busy = fields.status == "busy"
      pool:scatter()
    end
    if fields.event == "run_failed" then task.failure = fields.error end
  end
  function on.interrupted(_, killed) listener:interrupted(killed ~= nil) end
  function on.ended(task, result)
    task.outcome = judge(task, result, { timeout = settings.timeout_text, stopped = pool.interrupted ~= nil, saved = settings.saved })
    listener:ended(task)
    ended(task)
  end
  return on
end

local function has_failed(task)
  local status = task.outcome and task.outcome.status
  return status == "failed" or status == "diverged"
end

--- Counts the tasks by how they ended.
local function count(tasks)
  local n = { done = 0, failed = 0, killed = 0, busy = 0, waiting = 0 }
  for _, task in ipairs(tasks) do
    local status = has_failed(task) and "failed" or task.outcome and task.outcome.status or "waiting"
    n[status] = n[status] + 1
  end
  return n
end

--- Runs `tasks` (some of sweep.tasks). settings: jobs, timeout (seconds) and timeout_text, maxfail,
--- in_a_row (maxfail counts only failures that follow each other), is_taken (see fm.sweep.pool),
--- arguments(task, channel) -> the words after fmrun that do a task and tell its events through
--- that descriptor, saved (the exit code of a process that saved, to go on later). listener:
--- started(task), tick(now), interrupted(at_once), ended(task).
--- Returns { counts = { done, failed, killed, busy, waiting }, seconds }; if all were asked to end,
--- also interrupted and killed: the first and the second signal.
return function(tasks, settings, listener)
  local pool <const> = pools.new(settings)
  local failures = 0
  local function ended(task)
    if has_failed(task) then
      failures = failures + 1
    elseif settings.in_a_row and task.outcome.status == "done" then
      failures = 0
    end
    if settings.maxfail and failures >= settings.maxfail then pool:stop() end
  end
  local began = system.seconds()
  pool:run(tasks, settings.arguments, hear(pool, listener, settings, ended))
  return { counts = count(tasks), seconds = system.seconds() - began, interrupted = pool.interrupted, killed = pool.killed }
end
