-- Processes, so many at a time: started, heard, stopped. luv's callbacks only note what happened; the loop below acts on it, so an error
-- in what it calls is an ordinary error. A job is a session of its own: Ctrl-C at the terminal reaches this process, which passes it on.
local peak_memory <const> = require "fm.run.peak_memory"
local uv <const> = require "luv"
local system <const> = require "fm.core".system

local Pool <const> = {}
Pool.__index = Pool

local grace <const> = 10       -- seconds between a timeout's SIGTERM and SIGKILL
local tick <const> = 100       -- milliseconds
local last_words <const> = 0.2 -- seconds that the output of an ended process may still take
local kept_lines <const> = 20  -- of stderr
local stop_signals <const> = { "sigint", "sigterm", "sighup", "sigusr1" }

-- ---- one process ----

--- Calls f with each whole line that has come, and keeps the rest.
local function each_line(stream, f)
  if #stream.chunks == 0 then return end
  local text = table.concat(stream.chunks)
  stream.chunks = {}
  local from = 1
  for line, after in text:gmatch "([^\n]*)\n()" do
    f(line)
    from = after
  end
  if from <= #text then stream.chunks[1] = text:sub(from) end
end

local function listen(job, name)
  local stream = { pipe = uv.new_pipe(), chunks = {} }
  job[name] = stream
  return stream.pipe, function()
    stream.pipe:read_start(function(_, chunk)
      if chunk then
        stream.chunks[#stream.chunks + 1] = chunk
      elseif not stream.ended then
        stream.ended = true
        stream.pipe:close()
      end
    end)
  end
end

--- Starts fmrun itself with `arguments`. A process that cannot be started is a job that has ended.
local function start(task, arguments)
  local job = { task = task, began = system.seconds(), lines = {} }
  local out, hear_out = listen(job, "out")
  local err, hear_err = listen(job, "err")
  local handle, pid = uv.spawn(uv.exepath(), { args = arguments, stdio = { nil, out, err }, detached = true }, function(code, signal)
    job.code, job.signal, job.ended_at = code, signal, system.seconds()
  end)
  if not handle then
    job.lines[1] = "cannot start a process: " .. tostring(pid)
    job.code, job.signal, job.ended_at = 4, 0, job.began
    out:close()
    err:close()
    job.out.ended, job.err.ended = true, true
    return job
  end
  job.handle, job.pid = handle, pid
  hear_out()
  hear_err()
  return job
end

local function signal(job, name)
  if not job.ended_at then job.handle:kill(name) end
end

--- At once, and whatever the process has started too.
local function kill(job)
  if not job.ended_at then uv.kill(-job.pid, "sigkill") end
end

local function keep_time(job, now, timeout)
  if job.ended_at or not timeout then return end
  if not job.timed_out and now - job.began > timeout then
    job.timed_out = now
    signal(job, "sigterm")
  elseif job.timed_out and now - job.timed_out > grace then
    kill(job)
  end
end

local function release(job)
  for _, name in ipairs { "out", "err" } do
    if not job[name].ended then
      job[name].ended = true
      job[name].pipe:close()
    end
  end
  if job.handle then job.handle:close() end
end

-- ---- all of them ----

--- options: jobs, timeout (seconds or nil), is_taken (nil, or tells whether another process is at a task just now).
local function new(options)
  return setmetatable({ limit = options.jobs, timeout = options.timeout, is_taken = options.is_taken, jobs = {}, signals = {} }, Pool)
end

--- No job is started any more; those that run go on.
function Pool:stop()
  self.stopping = true
end

--- The first signal asks every job to end by itself, the second ends it.
function Pool:on_signal(name, on)
  self:stop()
  if self.interrupted then self.killed = name end
  for _, job in ipairs(self.jobs) do
    if self.killed then kill(job) else signal(job, "sigterm") end
  end
  self.interrupted = self.interrupted or name
  on.interrupted(name, self.killed)
end

--- What a job said and how it is; true when there is nothing more to come.
function Pool:look(job, now, on)
  each_line(job.out, function(line) on.line(job.task, line) end)
  each_line(job.err, function(line)
    job.lines[#job.lines + 1] = line
    if #job.lines > kept_lines then table.remove(job.lines, 1) end
  end)
  if not job.ended_at then
    job.peak = peak_memory(job.pid) or job.peak
    keep_time(job, now, self.timeout)
    return false
  end
  return (job.out.ended and job.err.ended) or now - job.ended_at > last_words
end

function Pool:look_around(on)
  local now = system.seconds()
  local signals = self.signals
  self.signals = {}
  for _, name in ipairs(signals) do self:on_signal(name, on) end
  for i = #self.jobs, 1, -1 do
    local job = self.jobs[i]
    if self:look(job, now, on) then
      table.remove(self.jobs, i)
      release(job)
      on.ended(job.task, { code = job.code, signal = job.signal, seconds = job.ended_at - job.began, lines = job.lines, timed_out = job.timed_out,
        peak = job.peak })
    end
  end
  on.tick(now)
end

function Pool:watch_signals()
  local watchers = {}
  for i, name in ipairs(stop_signals) do
    watchers[i] = uv.new_signal()
    watchers[i]:start(name, function() self.signals[#self.signals + 1] = name end)
  end
  local timer = uv.new_timer()
  timer:start(tick, tick, function() end) -- the loop comes round so often
  watchers[#watchers + 1] = timer
  return watchers
end

--- Takes the first of the waiting tasks that is nobody else's, or the first when all are.
function Pool:take(waiting)
  for i, task in ipairs(waiting) do
    if not (self.is_taken and self.is_taken(task)) then return table.remove(waiting, i) end
  end
  return table.remove(waiting, 1)
end

--- Runs the tasks (a list) to their ends. arguments(task) gives the words after fmrun. `on` has started(task), line(task, text of its
--- stdout), ended(task, result), interrupted(signal, killed), tick(now). A result: code, signal (0 or its number), seconds, lines (the
--- last of stderr), timed_out, peak (KB).
function Pool:run(tasks, arguments, on)
  local watchers <const> = self:watch_signals()
  local waiting <const> = table.move(tasks, 1, #tasks, 1, {})
  while true do
    while not self.stopping and #self.jobs < self.limit and #waiting > 0 do
      local task = self:take(waiting)
      self.jobs[#self.jobs + 1] = start(task, arguments(task))
      on.started(task)
    end
    if #self.jobs == 0 then break end
    uv.run "once"
    self:look_around(on)
  end
  for _, watcher in ipairs(watchers) do watcher:close() end
  uv.run "nowait"
end

--- "SIGSEGV" for 11.
local function signal_name(number)
  for name, value in pairs(uv.constants) do
    if value == number and name:find "^SIG" then return name end
  end
  return "signal " .. number
end

return { new = new, signal_name = signal_name }
