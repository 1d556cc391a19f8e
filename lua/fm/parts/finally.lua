-- finally(clean, f, ...): what f(...) returns, after clean(), which also comes after an error; the error goes on as it was.
-- In the main thread a variable that closes does it, and a traceback shows where the error happened. A coroutine that dies of an error never
-- closes its variables, so there the error is caught and thrown again; one that is closed while it waits closes them, and catches nothing.
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
