-- Events for other programs, an object a line: { event = "run_start", ... }. With --json they come
-- on stdout. A run of a sweep sends them to the fmrun that started it through a pipe of their own,
-- so that nothing that the script prints can be taken for an event.
local fm <const> = require "fm"

local schema <const> = 1

local events <const> = {}
local channel -- nil: stdout
-- by the fmrun at the other end: see fm.sweep.execute
local heeded <const> = { progress = true, run_skipped = true, run_failed = true }

--- From now on, events go to a descriptor that this process has inherited; its own children will
--- not inherit it. Returns true, or nil and a message.
function events.open(descriptor)
  local message
  channel, message = fm.system.channel(descriptor)
  return channel and true, message
end

function events.tell(fields)
  if channel and not heeded[fields.event] then return end
  local out = channel or io.stdout
  fields.schema = schema
  out:write(fm.json.encode(fields), "\n")
  out:flush()
end

--- Tells the fmrun that waits why there is no run, or no record of it. Without one this does
--- nothing, because a person reads the message on stderr.
function events.failure(message)
  if channel then events.tell { event = "run_failed", error = message } end
end

return events
