-- normal_source(where, path) -> path: raises unless x_t = a x1 + s x0 with x0 ~ N(0, I), which is
-- what a posterior in closed form needs.
local fm <const> = require "fm"

return function(where, path)
  if path.noisy then fm.fail(where .. ": path: it has noise around its line: its posterior is not known in closed form") end
  if path.own.source or path.own.source_log_prob then fm.fail(where .. ": path: it has a source of its own, expected one that starts as a normal") end
  return path
end
