-- The processes of one training, when mpirun started several: rank 0 leads, the others do the same
-- and write nothing. Whatever they do together ends with the word of rank 0, so that one that has
-- failed, or is elsewhere in the script, is noticed there. Without mpirun there is one, of rank 0.
--   rank, size    this one, and how many there are
--   portion       its even share of the processors that it and others may use, as a part of them
--   agreed_end    whether the run ended on all of them at the same step
local core <const> = require "fm.core"

local processes <const> = { rank = 0, size = 1, portion = 1, agreed_end = true }
local bare <const> = core.processes

--- How many mpirun started, and which of them this one is; 0 when mpirun did not start it.
function processes.expected()
  return bare.expected()
end

--- Joins the others. True, or nil and a message.
function processes.start()
  local rank, size, portion = bare.start()
  if not rank then return nil, size end
  processes.rank, processes.size, processes.portion = rank, size, portion
  return true
end

--- What rank 0 does when it hears that another has failed; a run ends.
function processes.trouble(message)
  error(message, 0)
end

-- ---- messages ----

local function send(to, kind, what)
  local well, message = bare.send(to, kind, what)
  if not well then processes.trouble(message) end
end

local function receive(from, kind, tensor)
  local got, message = bare.receive(from, kind, tensor)
  if not got then processes.trouble(message) end
  return got
end

processes.send, processes.receive = send, receive

--- What rank 0 has (a text, or a tensor), on all. The others pass nothing, or the tensor that gets
--- the numbers.
function processes.broadcast(kind, what)
  local rank, size = processes.rank, processes.size
  local reach = 1 -- this one got it, or has it, when so many had it
  while reach <= rank do reach = reach << 1 end
  if rank > 0 then
    local got = receive(rank - (reach >> 1), kind, what)
    what = what or got
  end
  while rank + reach < size do
    send(rank + reach, kind, what)
    reach = reach << 1
  end
  return what
end

--- Each gives a text; rank 0 makes one of all of them, in order, which all get: make(list).
function processes.agree(kind, text, make)
  if processes.rank > 0 then
    send(0, kind, text)
    return processes.broadcast(kind)
  end
  local list = { text }
  for rank = 1, processes.size - 1 do list[rank + 1] = receive(rank, kind) end
  return processes.broadcast(kind, make(list))
end

--- Waits until all are here.
function processes.meet(kind)
  if processes.size > 1 then processes.agree(kind, "", function() return "" end) end
end

-- ---- the end ----

--- Tells rank 0 that this one has failed, and why.
function processes.report(message)
  if processes.rank > 0 then bare.send(0, "failed", message:sub(1, 8000)) end
end

--- The end of this process. Returns the exit code that it should have: mpirun's is that of rank 0.
function processes.finish(code)
  if processes.size == 1 then return code end
  io.stdout:flush()
  local well = code == 0 or code == 75 and processes.agreed_end
  bare.finish(code, well)
  return processes.rank == 0 and code or 0
end

return processes
