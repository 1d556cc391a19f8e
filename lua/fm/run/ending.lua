-- How fm ends a run from inside the script's calls: stopped, diverged, failed. An object is such an
-- ending only if it was made here, so nothing that a script throws can be mistaken for one,
-- whatever fields it has.
local ending <const> = {}

local made <const> = setmetatable({}, { __mode = "k" })
local Ending <const> = { __tostring = function(problem) return made[problem].message end } -- for a script that catches one and prints it

--- Ends the run. status: "killed", "diverged" or "failed"; in a script that is called again (see
--- fm.run.again) also "answered" or "refused". signal, for "killed": { name = "TERM",
--- again = true for the second signal, which ends the run at once }.
function ending.raise(status, message, signal)
  local problem = setmetatable({}, Ending)
  made[problem] = { status = status, message = message, signal = signal }
  error(problem, 0)
end

--- { status, message, signal } of what was raised, or nil when it is not an ending.
function ending.of(problem)
  return made[problem]
end

return ending
