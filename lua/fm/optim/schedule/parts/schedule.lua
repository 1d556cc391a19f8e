-- Learning rates as functions of the steps taken (0 for the first update). An option lr takes one:
-- `lr = optim.cosine{...}`.
local options <const> = require "fm.parts.options"
local fail <const> = require("fm.core").fail

local huge <const>, largest <const> = math.huge, 1e30

--- schedule(where, defaults, shape): a function of options that gives a function of the steps
--- taken. It rises linearly to lr over `warmup` steps, then is lr times the shape(o, n), n steps
--- after that. `steps` has no default: if it is among the defaults, it must be given.
return function(where, defaults, shape)
  defaults.lr, defaults.warmup = 1e-3, 0
  local called <const> = where .. " schedule"
  local its_step <const> = called .. ": step"
  return function(given, ...)
    options.no_more(where, 1, ...)
    local o = options.read(where, given, defaults)
    if defaults.steps and o.steps == nil then fail(where .. ": steps is missing") end
    if defaults.steps then options.integer(where .. ": steps", o.steps, 1) end
    options.integer(where .. ": warmup", o.warmup, 0)
    options.number(where .. ": lr", o.lr, 0, largest)
    if defaults.floor then options.number(where .. ": floor", o.floor, 0, 1) end
    if defaults.every then options.integer(where .. ": every", o.every, 1) end
    if defaults.factor then options.number(where .. ": factor", o.factor, 0, largest) end
    return function(step, ...)
      options.no_more(called, 1, ...)
      options.number(its_step, step, 0, huge)
      if step < o.warmup then return o.lr * (step + 1) / (o.warmup + 1) end
      return o.lr * shape(o, step - o.warmup)
    end
  end
end
