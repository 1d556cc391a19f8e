-- What optimizers share: the step, its checks, the learning rate, and the state. An optimizer's
-- file says its flat vectors (moments) and the pass of C over them: optimizer("adam", model, o, {
-- vectors = { "m", "v" }, pass = f(self, lr, scale), bound = f(self, lr, peak) })
local fm <const> = require "fm"
local finally <const> = require "fm.parts.finally"
local finite_pass <const> = require "fm.optim.parts.finite_pass"
local number <const> = require "fm.optim.parts.number"
local object <const> = require "fm.parts.object"
local options <const> = require "fm.parts.options"
local parameters <const> = require "fm.optim.parts.parameters"
local sealed <const> = require "fm.parts.sealed"
local shares <const> = require "fm.parts.shares"
local step_memory <const> = require "fm.parts.step_memory"
local swapped <const> = require "fm.parts.swapped"

local Optimizer <const> = {}
local huge <const> = math.huge
local largest_real <const> = fm.real == "double" and math.huge or 3.4028234663852886e38

-- ---- the learning rate ----

local function check_rate(where, lr, found)
  if math.type(lr) and lr >= 0 and lr < huge and lr <= largest_real then return lr end
  fm.fail(("%s: lr: expected a number >= 0 or a schedule, found %s"):format(where, found or options.shown(lr)))
end

--- A number, or a schedule: a function of the steps taken, or { "name", option = } of one.
local function check_lr(where, lr)
  if type(lr) == "table" and type(lr[1]) == "string" then lr = require "fm.optim.schedule".of(where .. ": lr", lr) end
  if not options.callable(lr) then check_rate(where, lr) end
  return lr
end

--- Learning rate of the next update.
function Optimizer:rate(...)
  options.no_more("rate", 0, ...)
  local lr = self.lr
  if math.type(lr) then return lr end
  local rate = lr(self.steps_taken)
  return check_rate(self.where, rate, ("%s from the schedule after %d steps"):format(options.shown(rate), self.steps_taken))
end

local function set_lr(self, lr, optimizer)
  lr = check_lr(self.where, lr)
  if sealed[optimizer] and options.callable(lr) then
    fm.fail(self.where .. ": lr: a schedule that is set inside the loop is lost when the run goes on from a checkpoint; set it before the loop, "
      .. "or set a number in each step, which is kept")
  end
  self.lr = lr
end

-- ---- the gradient as one vector ----

local function show_gradient(self)
  -- the next update looks which parameters still have only the zeros of a missing gradient
  self.shown = true
  return self.set.flat:gradient()
end

--- The gradients of all parameters side by side, [count], in the order of the list, zeros where a
--- parameter has none. The tensor shares their numbers: what a script writes into it is used, until
--- the gradients are cleared.
function Optimizer:gradient(...)
  options.no_more("gradient", 0, ...)
  return show_gradient(self)
end

-- Calls a script's before_update, in a scope.
local function before(self, f)
  local scope <const>, gradient <const> = fm.scope(), show_gradient(self)
  self.waits = true
  local result = finally(function()
    self.waits = nil
    scope:close()
  end, f, gradient)
  if result ~= nil and not rawequal(result, gradient) then
    local found = fm.is_tensor(result) and "a tensor" or options.shown(result)
    fm.fail(("step: before_update returned %s: expected nothing; write into the gradient, as in g:copy(...)"):format(found))
  end
end

-- ---- the update ----

-- One update from the gradients at hand.
local function update(self, clip, before_update)
  local set, scale = self.set, 1
  swapped.refuse("step", set.list)
  local lr = self:rate()
  if before_update then before(self, before_update) end
  if self.shown then
    set.flat:settle()
    self.shown = nil
  end
  local peak, odd
  if clip then
    peak = set.flat:norm()
    if peak < huge then
      self.grad_norm = peak
      scale = math.min(1, clip / (peak + 1e-6))
    end
  else
    peak, odd = set.flat:largest()
  end
  if not (peak < huge) then
    if not odd then peak, odd = set.flat:largest() end
    finite_pass.refuse(self, "gradient", odd, peak)
  end
  self.steps_taken = self.steps_taken + 1
  finite_pass.over(self, lr, scale, peak * scale)
  set.flat:clear()
end

-- ---- the step ----

--- Its arguments, tensors detached: these outlive the tape.
local function detached(...)
  if select("#", ...) == 0 then return end
  local list = table.pack(...)
  for i = 1, list.n do
    local value = list[i]
    if fm.is_tensor(value) and not value:is_parameter() then list[i] = value:detach() end
  end
  return table.unpack(list, 1, list.n)
end

--- Runs the backward pass from a loss; returns the loss as a number, whether it is finite, and the
--- rest.
local function go_back(loss, ...)
  if not fm.is_tensor(loss) or loss:count() ~= 1 then
    fm.fail("step: the closure must return the loss, a tensor of one number, found " .. options.shown(loss))
  end
  local value = loss:item()
  local finite = value > -huge and value < huge
  if finite then loss:backward() end
  return value, finite, detached(...)
end

local function record(self, closure)
  self.set.flat:clear()
  return go_back(closure(shares.of))
end

local function closed(tape, ok, ...)
  tape:close()
  if ok then return ... end
  error((...), 0)
end

--- The closure on a tape, which is closed whatever happens: see fm.finally.
local function recorded(self, closure)
  local tape <close> = fm.record()
  local _, is_main = coroutine.running()
  if is_main then return record(self, closure) end
  return closed(tape, pcall(record, self, closure))
end

local function finish(self, clip, before_update, value, finite, ...)
  if finite then update(self, clip, before_update) else finite_pass.note(self, value) end
  return value, ...
end

local step_options <const> = options.often { clip = options.none, before_update = options.none }

--- step(closure [, {clip, before_update}]): records closure(share), runs backward from the loss it
--- returns, updates. Returns the loss as a number, and what else the closure returned, with its
--- tensors detached. step() and step(nil, {...}) use the gradients that are there.
--- before_update(gradient) is called between the backward pass and the update, before the norm is
--- clipped. A loss that is not finite changes nothing, is returned, and ends the run after its
--- step. A gradient or an update that is not finite changes nothing either; it raises, which ends a
--- run at once.
function Optimizer:step(closure, given, ...)
  local clip, before_update
  if given ~= nil then
    local o = options.read("step", given, step_options)
    clip, before_update = o.clip, o.before_update
    if clip then options.number("step: clip", clip, 0, huge) end
    if before_update ~= nil and not options.callable(before_update) then
      fm.fail("step: before_update: expected a function of the gradient, found " .. options.shown(before_update))
    end
  end
  options.no_more("step", 2, ...)
  if self.waits then fm.fail "step: before_update must not call step of the same optimizer" end
  if closure == nil then return update(self, clip, before_update) end
  if not options.callable(closure) then
    fm.fail("step: expected a function that returns the loss, or nothing, found " .. options.shown(closure)
      .. (type(closure) == "table" and "; options come second" or ""))
  end
  swapped.refuse("step", self.set.list)
  local held = step_memory.begin()
  if shares.count > 1 then
    local shared_step <const> = require "fm.optim.parts.shared_step"
    return step_memory.note(held, finish(self, clip, before_update, shared_step(self, function() return recorded(self, closure) end)))
  end
  return step_memory.note(held, finish(self, clip, before_update, recorded(self, closure)))
end

function Optimizer:zero_grad(...)
  options.no_more("zero_grad", 0, ...)
  self.set.flat:clear()
end

-- ---- the state ----

--- name -> tensor, a copy: the moments; `steps` taken, and `lr` when it is a number, because a
--- script may have changed it.
function Optimizer:state(...)
  options.no_more("state", 0, ...)
  local state = parameters.views(self.set, self.vectors)
  for name, view in pairs(state) do state[name] = view:clone() end
  state.steps = number.to_tensor(self.steps_taken)
  if math.type(self.lr) then state.lr = number.to_tensor(self.lr) end
  return state
end

--- Continues from a state. The lr of the state is used from then on; a state without one keeps the
--- present schedule or number. Ignores a second argument, so that what fm.load returns can be
--- passed on.
function Optimizer:load_state(state, _, ...)
  local where <const> = "load_state"
  options.no_more(where, 2, ...)
  if type(state) ~= "table" then fm.fail(("%s: expected a state, found %s"):format(where, options.shown(state))) end
  local steps = math.tointeger(number.from(state.steps))
  if not steps or steps < 0 then fm.fail(("%s: steps: expected the number of steps, found %s"):format(where, options.shown(state.steps))) end
  local lr = state.lr ~= nil and check_rate(where, number.from(state.lr), options.shown(state.lr)) or nil
  parameters.load(where, state, parameters.views(self.set, self.vectors), { steps = true, lr = true })
  self.steps_taken, self.lr = steps, lr or self.lr
  self.reach = huge -- not known: the next step is a careful one, and finds out
end

local new <const> = object("optimizer", Optimizer, { lr = true, grad_norm = true, steps_taken = true }, { lr = set_lr })

--- An optimizer over the parameters of a model. kind.vectors: names of its flat vectors;
--- kind.pass(self, lr, scale) updates; kind.bound(self, lr, peak): how far a number can move at
--- most when no gradient is over peak; self.reach tells how large the first vector may be.
return function(where, model, o, kind)
  local set = parameters.of(where, model)
  local self = setmetatable({ where = where, set = set, lr = check_lr(where, o.lr), settings = o, steps_taken = 0, vectors = {}, reach = 0,
    pass = kind.pass, bound = kind.bound, moment = kind.vectors[1] }, { __index = Optimizer })
  for _, name in ipairs(kind.vectors) do self.vectors[name] = fm.zeros(set.flat:total()) end
  self:rate()
  return new(self)
end
