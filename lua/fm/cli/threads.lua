-- The option --threads: how many threads work on one run. Results do not depend on it.
local system <const> = require "fm.core".system

local threads <const> = {}
local most <const> = 256

--- Every core that this process may use, less what other processes of the same training take.
local function all()
  local processes = package.loaded["fm.parts.processes"]
  local portion = processes and processes.portion or 1
  return math.max(1, math.min(math.floor(require "fm.run.cores"() * portion), most))
end

--- Sets the number from the option's text. Without one, or with "auto", it is `default`: 1, or
--- every core when it is nil. Raises { usage }.
function threads.set(text, default)
  if not text or text == "auto" then
    system.threads(default or all())
    return
  end
  local n = text:find "^%d+$" and math.tointeger(tonumber(text))
  if not n or n < 1 or n > most then error({ usage = ('--threads: expected a whole number in 1..%d, or auto, found "%s"'):format(most, text) }, 0) end
  assert(system.threads(n))
end

return threads
