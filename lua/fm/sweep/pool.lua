-- A pool of processes: starts so many at a time, reads what they print, and stops them. luv's
-- callbacks only note what happened; the loop below acts on it, so an error in what it calls is an
-- ordinary error. A job is a session of its own: Ctrl-C at the terminal reaches this process, which
-- passes it on.
local peak_memory <const> = require "fm.run.peak_memory"
local readable <const> = require "fm.parts.printable".lines
local uv <const> = require "luv"
local system <const> = require "fm.core".system

local Pool <const> = {}
Pool.__index = Pool

local grace <const> = 10       -- seconds between a timeout's SIGTERM and SIGKILL
local tick <const> = 100       -- milliseconds
local last_words <const> = 0.2 -- seconds to wait for the output of an ended process
local kept_bytes <const> = 1 << 16 -- of what it printed
local kept_lines <const> = 20
local longest_line <const> = 500
local longest_event <const> = 1 << 16
local channel <const> = 3 -- the descriptor on which a process tells events
local stop_signals <const> = { "sigint", "sigterm", "sighup", "sigusr1" }

-- ---- one process ----

-- A stream is what comes through one pipe. Each chunk is looked at only once, when it comes, and
-- little of it is kept: a process may print gigabytes, and never a newline.

--- For text: keeps its end.
local function keep_end(stream, chunk)
  stream.last, stream.size = stream.last + 1, stream.size + #chunk
  stream.chunks[stream.last] = chunk
  while stream.size - #stream.chunks[stream.first] >= kept_bytes do
    stream.size = stream.size - #stream.chunks[stream.first]
    stream.chunks[stream.first], stream.first = nil, stream.first + 1
  end
end

--- For events: keeps whole lines until they are read. A line that is too long is dropped.
local function keep_lines(stream, chunk)
  local from = 1
  repeat
    local newline = chunk:find("\n", from, true)
    local piece = chunk:sub(from, newline and newline - 1)
    stream.size, stream.last = stream.size + #piece, stream.last + 1
    if stream.size <= longest_event then stream.chunks[stream.last] = piece end
    if newline then
      if stream.size <= longest_event then stream.lines[#stream.lines + 1] = table.concat(stream.chunks, "", 1, stream.last) end
      stream.chunks, stream.size, stream.last = {}, 0, 0
      from = newline + 1
    end
  until not newline
end

--- A new stream that keeps with `keep`.
local function new_stream(keep)
  return { pipe = uv.new_pipe(), keep = keep, chunks = {}, first = 1, last = 0, size = 0, lines = {} }
end

local function close(stream)
  if stream.ended then return end
  stream.ended = true
  stream.pipe:close()
end

local function hear(stream)
  stream.pipe:read_start(function(_, chunk)
    if chunk then stream.keep(stream, chunk) else close(stream) end
  end)
end

--- The lines at the end of a stream of text, as a terminal would show them: a line that was
--- overwritten by \r shows what was written last.
local function add_lines(list, stream)
  local text = table.concat(stream.chunks, "", stream.first, stream.last)
  for line in text:gmatch "[^\n]+" do
    line = line:gsub("\r+$", ""):match "[^\r]*$"
    list[#list + 1] = readable(line:sub(-longest_line))
  end
end

local stream_names <const> = { "out", "err", "events" }

--- Starts fmrun itself with `arguments`. A process that cannot be started is a job that has ended.
local function start(task, arguments)
  local job = { task = task, began = system.seconds(), out = new_stream(keep_end), err = new_stream(keep_end), events = new_stream(keep_lines) }
  local stdio <const> = { nil, job.out.pipe, job.err.pipe, job.events.pipe }
  local handle, pid = uv.spawn(uv.exepath(), { args = arguments, stdio = stdio, detached = true }, function(code, signal)
    job.code, job.signal, job.ended_at = code, signal, system.seconds()
  end)
  if not handle then
    job.problem = "cannot start a process: " .. tostring(pid)
    job.code, job.signal, job.ended_at = 4, 0, job.began
    for _, name in ipairs(stream_names) do close(job[name]) end
    return job
  end
  job.handle, job.pid = handle, pid
  for _, name in ipairs(stream_names) do hear(job[name]) end
  return job
end

--- The last lines that a job printed.
local function lines_of(job)
  local all = {}
  add_lines(all, job.out)
  add_lines(all, job.err)
  all[#all + 1] = job.problem
  return table.move(all, math.max(1, #all - kept_lines + 1), #all, 1, {})
end

local function signal(job, name)
  if not job.ended_at then job.handle:kill(name) end
end

--- Kills a job at once, with all processes that it has started.
local function kill(job)
  if not job.ended_at then uv.kill(-job.pid, "sigkill") end
end

--- Asks a job to end by itself, and kills it `patience` seconds later.
local function ask(job, now, patience)
  signal(job, "sigterm")
  job.deadline = now + patience
end

local function keep_time(job, now, timeout)
  if job.ended_at then return end
  if timeout and not job.timed_out and now - job.began > timeout then
    job.timed_out = true
    ask(job, now, grace)
  elseif job.deadline and now > job.deadline then
    kill(job)
  end
end

local function release(job)
  for _, name in ipairs(stream_names) do close(job[name]) end
  if job.handle then job.handle:close() end
end

-- ---- all of them ----

--- options: jobs, timeout (seconds or nil), is_taken (nil, or tells whether another process is at a
--- task just now).
local function new(options)
  return setmetatable({ limit = options.jobs, timeout = options.timeout, is_taken = options.is_taken, jobs = {}, signals = {} }, Pool)
end

--- Starts no more jobs; those that run go on.
function Pool:stop()
  self.stopping = true
end

--- The first signal asks every job to end by itself, the second kills them. After Ctrl-C there is
--- no time limit, because the user can press it again; after TERM or HUP the limit is short.
function Pool:on_signal(name, now, on)
  self:stop()
  if self.interrupted then self.killed = name end
  local patience = (name == "sigterm" or name == "sighup") and grace or math.huge
  for _, job in ipairs(self.jobs) do
    if self.killed then kill(job) else ask(job, now, patience) end
  end
  self.interrupted = self.interrupted or name
  on.interrupted(name, self.killed)
end

--- Reads what a job has told, and keeps its time. Returns true when the job has ended and nothing
--- more will come.
function Pool:look(job, now, on)
  local events = job.events.lines
  job.events.lines = {}
  for _, line in ipairs(events) do on.event(job.task, line) end
  if not job.ended_at then
    job.peak = peak_memory(job.pid) or job.peak
    keep_time(job, now, self.timeout)
    return false
  end
  return (job.out.ended and job.err.ended and job.events.ended) or now - job.ended_at > last_words
end

function Pool:look_around(on)
  local now = system.seconds()
  local signals = self.signals
  self.signals = {}
  for _, name in ipairs(signals) do self:on_signal(name, now, on) end
  for i = #self.jobs, 1, -1 do
    local job = self.jobs[i]
    if self:look(job, now, on) then
      table.remove(self.jobs, i)
      release(job)
      on.ended(job.task, { code = job.code, signal = job.signal, seconds = job.ended_at - job.began, lines = lines_of(job), timed_out = job.timed_out,
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
  timer:start(tick, tick, function() end) -- the loop wakes up this often
  watchers[#watchers + 1] = timer
  return watchers
end

--- Another process took a task first. From now on this process takes tasks from another place in
--- the list; else two workers that go through the list at the same pace would meet at every task.
function Pool:scatter()
  self.scattered = true
end

--- Takes the first waiting task that no other process has; the first of all when every task is
--- taken.
function Pool:take(waiting)
  local first = self.scattered and system.process() % #waiting or 0
  for i = first, first + #waiting - 1 do
    local place = i % #waiting + 1
    if not (self.is_taken and self.is_taken(waiting[place])) then return table.remove(waiting, place) end
  end
  return table.remove(waiting, 1)
end

--- Runs the tasks (a list) to their ends. arguments(task, channel) gives the words after fmrun;
--- `channel` is the descriptor for events. `on` has started(task), event(task, a line from there),
--- ended(task, result), interrupted(signal, killed), tick(now). A result: code, signal (0 or its
--- number), seconds, lines (the last that it printed), timed_out, peak (KB).
function Pool:run(tasks, arguments, on)
  local watchers <const> = self:watch_signals()
  local waiting <const> = table.move(tasks, 1, #tasks, 1, {})
  while true do
    while not self.stopping and #self.jobs < self.limit and #waiting > 0 do
      local task = self:take(waiting)
      self.jobs[#self.jobs + 1] = start(task, arguments(task, channel))
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
