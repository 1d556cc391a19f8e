-- A coupling that says for each row of x1 which row of x0 goes with it: by_partner(name, partners),
-- where partners(x0, x1, cond, rng) -> rows of x0 [B], or nil when all stay as they are. With
-- couple:partners(x0, x1, cond) anything else that belongs to the rows of x0 can follow them.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

--- `more`: what else the coupling has.
return function(name, partners, more)
  local couple = more or {}
  function couple.partners(_, x0, x1, cond, rng, ...)
    options.no_more(("coupling %s: partners"):format(name), 4, ...)
    return partners(x0, x1, cond, rng)
  end
  return setmetatable(couple, { __call = function(_, x0, x1, cond)
    local rows = partners(x0, x1, cond)
    return rows and fm.index_select(x0, rows, 1) or x0, x1, cond
  end })
end
