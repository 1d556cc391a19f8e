-- attempt(f, ...): like pcall, but only for errors that are messages. What ends a run (for example
-- a signal, at any call) is not a message and is raised again: a plain pcall would turn a run that
-- was asked to stop into a failed run.
local function pass(ok, problem, ...)
  if not ok and type(problem) ~= "string" then error(problem, 0) end
  return ok, problem, ...
end

return function(f, ...)
  return pass(pcall(f, ...))
end
