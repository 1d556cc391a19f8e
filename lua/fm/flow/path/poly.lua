-- poly{n}: a = t^n, s = 1 - t^n.
local options <const> = require "fm.options"

return function(given)
  local n = options.number("poly: n", options.read("poly", given, { n = 3 }).n, 0.1, 100)
  return {
    a = function(t) return t ^ n end,
    s = function(t) return 1 - t ^ n end,
    da = function(t) return t ^ (n - 1) * n end,
    ds = function(t) return t ^ (n - 1) * -n end,
  }
end
