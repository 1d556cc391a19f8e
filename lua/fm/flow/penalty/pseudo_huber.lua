-- pseudo_huber{c}: sqrt(|d|^2 + c^2) - c of each row d of D numbers: smooth, and near |d| far from
-- 0. c is 0.00054 sqrt(D) when it is not given. Song and Dhariwal 2023, section 3.3.
local options <const> = require "fm.parts.options"

return function(given)
  local where <const> = "loss pseudo_huber"
  local o = options.read(where, given, { c = options.none })
  if o.c ~= nil then options.number(where .. ": c", o.c, 1e-12, 1e12) end
  return {
    each = function(d)
      local rows = d:reshape(#d, -1)
      local c = o.c or 0.00054 * math.sqrt(rows:size(2))
      return (rows:square():sum(2) + c * c):sqrt() - c
    end,
  }
end
