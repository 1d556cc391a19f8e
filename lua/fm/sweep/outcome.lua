-- Finds out how a run ended, from the end of its process and from what it wrote.
local lfs <const> = require "lfs"
local folders <const> = require "fm.run.folder"
local logged <const> = require "fm.records.logged"
local pools <const> = require "fm.sweep.pool"
local records <const> = require "fm.records.runs"

--- The last step that a run has written down, or nil.
local function last_step(path)
  local row = logged.last(path .. "/metrics.jsonl")
  return row and math.tointeger(row.step)
end

--- Completes the run.json of a run that crashed, unless another process has taken over the run.
local function record_crash(path, text, seconds)
  local own <const> = folders.at(path)
  if not own then return end
  local written = own:read_json "run.json"
  if written and written.status == "running" then
    written.status, written.error, written.seconds, written.steps = "failed", text, seconds, last_step(path) or 0
    pcall(own.write_json, own, "run.json", written)
  end
  own.lock:release()
end

local function crash_text(path, result)
  local name, step = pools.signal_name(result.signal), last_step(path)
  return ("killed by %s%s %s%s"):format(name, name == "SIGKILL" and " (out of memory?)" or "", step and "after step " .. step or "before its first record",
    result.peak and (", %.0f MB at most"):format(result.peak / 1024) or "")
end

local our_signals <const> = { SIGTERM = "stopped before its first step", SIGKILL = "stopped at once" }

--- Fills in the outcome of a process that a signal ended.
local function judge_signal(outcome, task, result, stopped)
  outcome.signal = pools.signal_name(result.signal)
  if stopped and our_signals[outcome.signal] then
    outcome.status, outcome.error = "killed", our_signals[outcome.signal]
  else
    outcome.error = crash_text(task.path, result)
    record_crash(task.path, outcome.error, result.seconds)
  end
end

--- Fills in the outcome of a run that took too long: it saved, or had to be killed.
local function judge_time(outcome, task, record, timeout)
  local step = last_step(task.path)
  outcome.error = ("over %s%s"):format(timeout, step and " after step " .. step or "")
  if record.status == "lost" then record_crash(task.path, outcome.error, outcome.seconds) end
end

--- Why a run failed: from its record; or, when it could not write one, from what its process told
--- or printed last.
local function error_text(task, record, result)
  local words = task.failure or result.lines[#result.lines]
  if record.error and (record.status ~= "damaged" or not words) then return record.error end
  return words or ("exit code %d"):format(result.code)
end

--- Fills in the outcome of a process that reported a failure, or ended in the middle of its run.
local function judge_failure(outcome, task, record, result)
  outcome.status = record.status == "diverged" and "diverged" or "failed"
  outcome.error = error_text(task, record, result)
  if record.status == "lost" then record_crash(task.path, ("ended in the middle: %s"):format(outcome.error), result.seconds) end
end

--- A run that keeps nothing, or was stopped before its first step, has no checkpoint: it begins
--- again.
local function stop_text(task, record)
  local saved = lfs.attributes(task.path .. "/state.json", "mode") == "file"
  local steps = record.steps or 0
  return (saved and "saved " or "stopped ") .. (steps > 0 and ("after step %d"):format(steps) or "before step 1")
end

--- task: path, folder, busy (the process reported it), failure (why there is no record). result: of
--- the pool. how: timeout (its text), stopped (whether all were asked to end), saved (exit code).
--- Returns { status = "done" | "failed" | "diverged" | "killed" | "busy", error, summary, code,
--- signal, seconds, lines, peak }.
return function(task, result, how)
  local record = records.read(task.path, task.folder)
  local outcome = { status = "failed", summary = record.summary, code = result.code, seconds = result.seconds, lines = result.lines, peak = result.peak }
  if result.timed_out and record.status ~= "done" then
    judge_time(outcome, task, record, how.timeout)
  elseif result.signal ~= 0 then
    judge_signal(outcome, task, result, how.stopped)
  elseif result.code == how.saved then
    outcome.status, outcome.error = "killed", stop_text(task, record)
  elseif task.busy then
    outcome.status, outcome.error = "busy", "another process runs it"
  elseif result.code == 0 and record.status == "done" then
    outcome.status = "done"
  else
    judge_failure(outcome, task, record, result)
  end
  return outcome
end
