-- finally(clean, f, ...): what f(...) returns, after clean(), which also comes after an error; the error goes on as it was.
-- In the main thread a variable that closes does it, and a traceback shows where the error happened. A coroutine that dies of an error never
-- closes its variables, so there the error is caught and thrown again.
local function finish(clean, ok, ...)
  clean()
  if ok then return ... end
  error((...), 0)
end

return function(clean, f, ...)
  local _, is_main = coroutine.running()
  if not is_main then return finish(clean, pcall(f, ...)) end
  local _ <close> = setmetatable({}, { __close = clean })
  return f(...)
end
