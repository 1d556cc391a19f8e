-- ema(model or parameters, {decay, warmup}): the moving average of a model's numbers.
-- average:update() after each step, average:swap(f).
local fm <const> = require "fm"
local finally <const> = require "fm.parts.finally"
local number <const> = require "fm.optim.parts.number"
local object <const> = require "fm.parts.object"
local options <const> = require "fm.parts.options"
local parameters <const> = require "fm.optim.parts.parameters"
local swapped <const> = require "fm.parts.swapped"

local Average <const> = {}

--- Updates the average with the model's numbers: average = decay average + (1 - decay) p. With
--- warmup the decay grows as (1 + n)/(10 + n).
function Average:update(...)
  options.no_more("update", 0, ...)
  swapped.refuse("update", self.set.list)
  self.updates = self.updates + 1
  local decay = self.decay
  if self.warmup then decay = math.min(decay, (1 + self.updates) / (10 + self.updates)) end
  self.set.flat:ema(self.average, decay)
end

--- Runs f with the averaged numbers in the model, and puts the model's own numbers back, also after
--- an error. Returns what f returns.
function Average:swap(f, ...)
  options.no_more("swap", 1, ...)
  if not options.callable(f) then fm.fail("swap: expected a function, found " .. options.shown(f)) end
  local set <const> = self.set
  swapped.refuse("swap", set.list)
  set.flat:swap(self.average)
  swapped.set(set.list, true)
  local is_over = false
  local function back()
    is_over = true
    swapped.set(set.list, nil)
    set.flat:swap(self.average)
  end
  local watch <const> = setmetatable({}, { __gc = function() -- only the stack holds it
    if not is_over then swapped.leave(back) end
  end })
  return finally(function() return watch and back() end, f)
end

--- name -> tensor, a copy: the average, and the number of its updates.
function Average:state(...)
  options.no_more("state", 0, ...)
  swapped.refuse("state", self.set.list)
  local state = parameters.views(self.set, { average = self.average })
  for name, view in pairs(state) do state[name] = view:clone() end
  state.updates = number.to_tensor(self.updates)
  return state
end

function Average:load_state(state, _, ...)
  local where <const> = "load_state"
  options.no_more(where, 2, ...)
  if type(state) ~= "table" then fm.fail(("%s: expected a state, found %s"):format(where, options.shown(state))) end
  swapped.refuse(where, self.set.list)
  local updates = math.tointeger(number.from(state.updates))
  if not updates or updates < 0 then
    fm.fail(("%s: updates: expected the number of updates, found %s"):format(where, options.shown(state.updates)))
  end
  parameters.load(where, state, parameters.views(self.set, { average = self.average }), { updates = true })
  self.updates = updates
end

local new <const> = object("average", Average, { decay = true, warmup = true, updates = true, average = true }, {})

return function(model, given, ...)
  options.no_more("ema", 2, ...)
  local o = options.read("ema", given, { decay = 0.999, warmup = false })
  options.number("ema: decay", o.decay, 0, 1)
  options.boolean("ema: warmup", o.warmup)
  local set = parameters.of("ema", model)
  swapped.refuse("ema", set.list)
  local average = fm.zeros(set.flat:total())
  set.flat:read(average)
  return new { set = set, decay = o.decay, warmup = o.warmup, updates = 0, average = average }
end
