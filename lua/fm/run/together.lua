-- A run of several processes (mpirun): rank 0 opens the folder and tells the others what to do;
-- they do the same, without a folder to write to, and without a word.
local fm <const> = require "fm"
local ending <const> = require "fm.run.ending"
local mute_folder <const> = require "fm.run.mute_folder"
local processes <const> = require "fm.parts.processes"
local replay <const> = require "fm.run.replay"
local shares <const> = require "fm.parts.shares"
local sorted_keys <const> = require "fm.parts.sorted_keys"

local together <const> = {}

-- ---- those that write nothing ----

--- A listener that does not listen.
together.silent = setmetatable({ next_time = math.huge }, { __index = function() return function() end end })

-- ---- opening ----

--- The plan of a run without its tensors, as text.
local function text_of(folder, plan, busy)
  if not folder then return fm.json.encode { message = plan, busy = busy } end
  local way, told = plan.replay, { path = folder.path, done = plan.done, former = plan.former, shares = plan.shares }
  if way then
    told.slot, told.past, told.advice, told.values, told.tensors = way.slot, way.past, way.advice, way.values, fm.json.array {}
    for i, name in ipairs(sorted_keys(way.tensors)) do told.tensors[i] = { name = name, shape = fm.json.array(way.tensors[name]:shape()) } end
  end
  return fm.json.encode(told)
end

--- The tensors of the checkpoint, in the order of their names, from rank 0 to all.
local function share_tensors(list, tensors)
  for _, entry in ipairs(list) do
    local tensor = tensors[entry.name] or fm.zeros(entry.shape):detach()
    processes.broadcast("plan", tensor)
    tensors[entry.name] = tensor
  end
  return tensors
end

local function follow()
  local told = assert(fm.json.decode(processes.broadcast "plan"))
  if not told.path then return nil, told.message, told.busy end
  local folder = mute_folder(told.path)
  local plan = { done = told.done, former = told.former, slot = told.slot, shares = told.shares }
  if told.slot then plan.replay = replay.new(told.slot, share_tensors(told.tensors, {}), told.values, told.past, told.advice) end
  return folder, plan
end

local function lead(open, ...)
  local folder, plan, busy = open(...)
  processes.broadcast("plan", text_of(folder, plan, busy))
  if folder and plan.replay then
    local list = {}
    for i, name in ipairs(sorted_keys(plan.replay.tensors)) do list[i] = { name = name } end
    share_tensors(list, plan.replay.tensors)
  end
  return folder, plan, busy
end

--- What open(...) of rank 0 gives: the folder and the plan of fm.run.execute; or nil, a message,
--- and "busy".
function together.open(open, ...)
  if processes.size == 1 then return open(...) end
  processes.meet "plan" -- the others may still read what rank 0 is about to change
  if processes.rank == 0 then return lead(open, ...) end
  return follow()
end

-- ---- while it runs ----

--- The run's step is cut like this, and a process that fails ends it. Returns an object that ends
--- this.
function together.begin(run, count)
  local trouble, uncut, told = processes.trouble, shares.uncut, false
  shares.count = count
  function processes.trouble(message) ending.raise("failed", message) end
  function shares.uncut()
    if told or not run.loop.thread then return end
    told = true
    run.listener:note(("%s: step %d: its closure cuts no batch, so each process computes all of it: see \"share\" in fmrun help cluster")
      :format(run.name, run.loop.step))
  end
  return function() processes.trouble, shares.uncut, shares.count = trouble, uncut, 1 end
end

local names <const> = { "INT", "TERM", "HUP", "USR1" }
local number_of <const> = { INT = 1, TERM = 2, HUP = 3, USR1 = 4 }

--- What rank 0 makes of (step, signal, whether a metric ends the loop) of all: the signal that came
--- to any, and whether the loop ends, which rank 0 says.
local function decide(list)
  local step, signal, stops = string.unpack("<i8i4i4", list[1])
  for i = 2, #list do
    local other, came = string.unpack("<i8i4i4", list[i])
    if other ~= step then
      processes.trouble(("rank %d: it is at step %d, rank 0 is at step %d: the processes took different decisions. One that depends on the clock, "
        .. "on chance or on the machine must be the same for all: see run:agreed"):format(i - 1, other, step))
    end
    if signal == 0 then signal = came end
  end
  return string.pack("<i4i4", signal, stops)
end

--- Between two steps: whether all stop here, for a signal that came to one of them or for a metric.
function together.between_steps(run)
  if processes.size == 1 then return end
  local loop, own = run.loop, run.signals
  local text = string.pack("<i8i4i4", loop.step, number_of[own.waiting] or 0, loop.stopping and 1 or 0)
  local signal, stops = string.unpack("<i4i4", processes.agree("step", text, decide))
  own.came = own.came or names[signal]
  loop.stopping = stops == 1 and (loop.stopping or "rank 0 stops") or nil
end

--- The experiment's function has ended: rank 0 waits for the others, so that one that fails is
--- noticed.
function together.join()
  processes.meet "plan"
end

--- How the run ended in this process. Rank 0 hears of a failure.
function together.tell(status, problem, signal)
  if status == "done" then return end
  processes.agreed_end = status == "killed" and not (signal and (signal.again or signal.alone))
  if not processes.agreed_end then processes.report(problem or status) end
end

-- ---- for experiments ----

--- run:agreed(value): what rank 0 has for it, a number, a text, a boolean or nil.
local function agreed(_, value, ...)
  require "fm.parts.options".no_more("agreed", 1, ...)
  local kind = type(value)
  if kind ~= "number" and kind ~= "string" and kind ~= "boolean" and kind ~= "nil" then
    fm.fail(("agreed: expected a number, a text, a boolean or nil, found %s"):format(require "fm.parts.options".shown(value)))
  end
  if processes.size == 1 then return value end
  local text = processes.agree("plan", "", function() return "return " .. ("%q"):format(value) end)
  return assert(load(text))()
end

together.methods = { agreed = agreed }

return together
