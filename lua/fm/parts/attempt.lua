-- attempt(f, ...): as pcall, for errors that are messages. What ends a run (a signal, for one, at any call) is none, and goes on: a pcall that
-- makes a message of it would make a failed run of one that was asked to stop.
local function pass(ok, problem, ...)
  if not ok and type(problem) ~= "string" then error(problem, 0) end
  return ok, problem, ...
end

return function(f, ...)
  return pass(pcall(f, ...))
end
