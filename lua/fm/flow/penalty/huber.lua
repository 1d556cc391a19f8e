-- huber{delta = 1}: d^2 / 2 up to |d| = delta, from there on the straight line delta (|d| - delta /
-- 2): rows that are far off pull less. Huber 1964.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

return function(given)
  local where <const> = "loss huber"
  local delta <const> = options.number(where .. ": delta", options.read(where, given, { delta = 1 }).delta, 1e-12, 1e12)
  local how <const> = { delta = delta }
  return {
    each = function(d)
      local size = d:abs()
      local bent = size:clamp { max = delta }
      return bent * (size - bent * 0.5)
    end,
    mean = function(p, target) return fm.huber(p, target, how) end,
  }
end
