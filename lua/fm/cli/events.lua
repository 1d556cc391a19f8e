-- Events for a machine that listens, an object a line: { event = "run_start", ... }. A person who says --json gets them on stdout. A run of a
-- sweep tells its fmrun on a channel of their own, so that what the script prints is text, whatever it looks like.
local fm <const> = require "fm"

local schema <const> = 1

local events <const> = {}
local channel -- nil: stdout
local heeded <const> = { progress = true, run_skipped = true, run_failed = true } -- by the fmrun at its end: see fm.sweep.execute

--- From now on events go to a descriptor that this process has inherited. What this process starts does not inherit it in turn. Returns true, or
--- nil and a message.
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

--- Tells the fmrun that waits why there is no run, or no record of it. Nobody else wants to know: a person reads it on stderr.
function events.failure(message)
  if channel then events.tell { event = "run_failed", error = message } end
end

return events
