-- finally(clean, f, ...): returns what f(...) returns, after a call of clean(). clean() is also
-- called after an error; then the error is raised again, unchanged. In the main thread a
-- to-be-closed variable does it, and a traceback shows where the error happened. A coroutine that
-- dies of an error never closes its variables, so there the error is caught and raised again. A
-- coroutine that is closed while it waits does close them, and nothing is caught.
local function finish(clean, ok, ...)
  clean()
  if ok then return ... end
  error((...), 0)
end

local function in_coroutine(clean, f, ...)
  local done = false
  local function once()
    if done then return end
    done = true
    clean()
  end
  local _ <close> = setmetatable({}, { __close = once })
  return finish(once, pcall(f, ...))
end

return function(clean, f, ...)
  local _, is_main = coroutine.running()
  if not is_main then return in_coroutine(clean, f, ...) end
  local _ <close> = setmetatable({}, { __close = clean })
  return f(...)
end
