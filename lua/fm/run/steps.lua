-- The steps of a run, and what happens between two of them.
local fm <const> = require "fm"
local ending <const> = require "fm.run.ending"
local kept <const> = require "fm.run.kept"
local logging <const> = require "fm.run.logging"
local options <const> = require "fm.parts.options"
local saving <const> = require "fm.run.saving"
local signals <const> = require "fm.run.signals"
local skip <const> = require "fm.skip"
local swapped <const> = require "fm.parts.swapped"
local traceback <const> = require "fm.parts.traceback"
local together <const> = require "fm.run.together"
local system <const> = fm.system

local most_steps <const> = 1 << 53

--- The last logged numbers, for the progress line: "loss=0.913 (gap 0.021) lr=0.001".
local function shown(run)
  local line = run.lines.line
  local names, values = line and line.names or {}, {}
  for i, name in ipairs(names) do values[name] = line.lasts[i] end
  local words = require "fm.parts.named_values"(values, require "fm.parts.short".number, names)
  for i, name in ipairs(run.floors and names or {}) do words[i] = words[i] .. require "fm.run.floors".gap(run, name) end
  return table.concat(words, " ")
end

local function look_around(run, now)
  if now >= run.lines.next_flush then logging.flush(run, now) end
  if now >= run.listener.next_time then run.listener:show(run.loop.step, shown(run), now) end
end

local function check(n, batches)
  local total = math.type(n) and math.tointeger(n)
  if not total or total < 0 then fm.fail(("steps: expected a whole number >= 0, found %s"):format(options.shown(n))) end
  if total > most_steps then fm.fail(("steps: %d are over the limit of %d"):format(total, most_steps)) end
  if batches ~= nil and not options.callable(batches) then
    fm.fail("steps: batches: expected an iterator, as data.batches gives one, found " .. options.shown(batches))
  end
  return total
end

--- The loop is left, at its end or by a break.
local function leave(run, problem)
  run.loop:leave()
  run.rng:at(run.loop.step + 1)
  kept.seal(run.saving.kept, nil)
  if problem == nil and not run.replay then saving.save_best(run) end
end

--- Loops follow each other. A loop whose coroutine died of an error never reached its end.
local function end_former(run)
  local thread = run.loop.thread
  if not thread then return end
  if coroutine.status(thread) ~= "dead" then fm.fail "steps: a loop of this run goes on; loops follow each other, they do not nest" end
  leave(run, "its coroutine died")
end

--- Iterates: for step, batch... in run:steps(n, batches). `batches` is called once per step; at its
--- end it is called once more, for the next round. Each step moves the clock of run.rng, so the
--- draws of a step depend only on the seed and the step. A second loop continues the count.
local function steps(run, n, batches, state, control)
  local total = check(n, batches)
  end_former(run)
  swapped.refuse("steps")
  local loop, rng = run.loop, run.rng
  local first = loop.step
  local last = first + total

  local function next_batch(value, ...)
    control = value
    if value ~= nil then return loop.step, value, ... end
    ending.raise("failed", traceback.place() .. ("steps: the batches ended at step %d and do not begin again"):format(loop.step))
  end
  local function first_try(value, ...)
    if value ~= nil then return next_batch(value, ...) end
    return next_batch(batches(state, nil))
  end
  local function pass(count) -- over batches before the checkpoint
    local at_once = batches and skip.of(batches)
    if at_once then return at_once(count) end
    for i = 1, batches and count or 0 do
      rng:at(first + i)
      first_try(batches(state, control))
    end
  end

  loop.number = loop.number + 1
  local ended = run.replay and run.replay:begin_loop(run, last, pass)
  local number, left = loop.number, false
  loop.thread = not run.replay and coroutine.running() or false
  if loop.thread then
    kept.seal(run.saving.kept, true)
    saving.begin(run)
  end
  run.listener:begin(run.name, last, loop.step, system.seconds())
  local begun = false -- true after a step of this process: then there is something to save

  local function leave_once(problem)
    if not left and loop.number == number then leave(run, problem) end
    left = true
  end

  local function iterate()
    if ended then return nil end
    if run.over then fm.fail "steps: the run is over" end
    local now = system.seconds()
    look_around(run, now)
    system.heed_signals()
    loop:refuse_diverged()
    together.between_steps(run)
    ended = loop.step >= last or loop.stopping ~= nil
    if begun then saving.after_step(run, now, ended) end
    signals.obey(run)
    if ended then
      leave_once()
      return nil
    end
    begun = true
    local step = loop.step + 1
    loop.step = step
    rng:at(step)
    if not batches then return step end
    return first_try(batches(state, control))
  end
  return iterate, nil, nil, setmetatable({}, { __close = function(_, problem) leave_once(problem) end })
end

return steps
