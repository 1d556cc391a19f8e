-- poly{n = 3}: a = t^n, s = 1 - t^n. For n < 1 the slopes have no bound at t = 0.
local options <const> = require "fm.parts.options"
local f <const> = require "fm.flow.path.parts.functions"

return function(given)
  local where <const> = "path poly"
  local n = options.number(where .. ": n", options.read(where, given, { n = 3 }).n, 0.1, 100)
  local function inside(t) -- the slope of the slope has no bound at 0
    if type(t) == "number" or n <= 1 or n >= 2 then return t end
    return t:clamp { min = 1e-30 }
  end
  return {
    a = function(t) return t ^ n end,
    s = function(t) return f.one_less_exp(f.log(t) * -n) end, -- 1 - t^n would lose the digits of 1 - t
    da = function(t) return inside(t) ^ (n - 1) * n end,
    ds = function(t) return inside(t) ^ (n - 1) * -n end,
    time = function(a, s) return (a / (a + s)) ^ (1 / n) end,
  }
end
