-- Learning rates as functions of the steps taken (0 for the first update). `lr = optim.cosine{...}` anywhere an lr is asked.
local options <const> = require "fm.options"

local schedule <const> = {}

-- Rises linearly to 1 over `warmup` steps, then follows f(progress), progress in 0..1.
local function warmed(o, f)
  return function(step)
    if step < o.warmup then return o.lr * (step + 1) / (o.warmup + 1) end
    local length = math.max(1, o.steps - o.warmup)
    return o.lr * f(math.min(1, (step - o.warmup) / length))
  end
end

local function read(where, given, defaults)
  local o = options.read(where, given, defaults)
  if o.steps then options.integer(where .. ": steps", o.steps, 1) end
  options.integer(where .. ": warmup", o.warmup, 0)
  options.number(where .. ": lr", o.lr, 0, math.huge)
  return o
end

--- cosine{steps, lr, warmup, floor}: from lr down to floor * lr along half a cosine. Loshchilov and Hutter 2017.
function schedule.cosine(given)
  local o = read("cosine", given, { steps = options.none, lr = 1e-3, warmup = 0, floor = 0 })
  if not o.steps then require("fm.core").fail "cosine: steps is missing" end
  return warmed(o, function(progress) return o.floor + (1 - o.floor) * 0.5 * (1 + math.cos(math.pi * progress)) end)
end

--- linear{steps, lr, warmup, floor}: from lr down to floor * lr along a line.
function schedule.linear(given)
  local o = read("linear", given, { steps = options.none, lr = 1e-3, warmup = 0, floor = 0 })
  if not o.steps then require("fm.core").fail "linear: steps is missing" end
  return warmed(o, function(progress) return 1 + (o.floor - 1) * progress end)
end

--- step{every, factor, lr, warmup}: times factor after every `every` steps.
function schedule.step(given)
  local o = read("step", given, { every = 1000, factor = 0.1, lr = 1e-3, warmup = 0 })
  options.integer("step: every", o.every, 1)
  return function(step)
    if step < o.warmup then return o.lr * (step + 1) / (o.warmup + 1) end
    return o.lr * o.factor ^ ((step - o.warmup) // o.every)
  end
end

return schedule
