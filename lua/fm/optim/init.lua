-- Optimizers over flat parameters, schedules, and the moving average.
local fm <const> = require "fm"
local options <const> = require "fm.options"
local schedule <const> = require "fm.optim.schedule"

local optim <const> = { cosine = schedule.cosine, step = schedule.step, linear = schedule.linear }

-- The parameters of a model or a list, and their names in a checkpoint.
local function parameters_of(where, model)
  if type(model) ~= "table" and type(model) ~= "userdata" then fm.fail(where .. ": expected a model or a list of parameters") end
  if fm.is_tensor(model) then model = { model } end
  local list = model.parameters and model:parameters() or model
  local names, of = {}, {}
  if model.state then
    for name, tensor in pairs(model:state()) do of[tensor] = name end
  end
  for i, tensor in ipairs(list) do names[i] = of[tensor] or tostring(i) end
  if #list == 0 then fm.fail(where .. ": there are no parameters to optimize") end
  return list, names
end

-- Views of a flat vector, one per parameter, under prefix.name.
local function add_views(state, prefix, flat, vector, list, names)
  for i, parameter in ipairs(list) do
    local first, last = flat:range(i)
    state[prefix .. "." .. names[i]] = vector[{ first, last }]:reshape(parameter:shape())
  end
end

local function load_views(where, state, views)
  for name, view in pairs(views) do
    local tensor = state[name]
    if tensor == nil then fm.fail(('%s: the state has no "%s"'):format(where, name)) end
    view:copy(tensor)
  end
end

local function check_rate(lr)
  if type(lr) == "number" and lr >= 0 and lr < math.huge then return lr end
  fm.fail(("optimizer: lr: expected a number >= 0, found %s"):format(tostring(lr)))
end

local Optimizer <const> = {}
Optimizer.__index = Optimizer

function Optimizer:views()
  local views = {}
  for prefix, vector in pairs(self.vectors) do add_views(views, prefix, self.flat, vector, self.list, self.names) end
  return views
end

--- name -> tensor: the moments; `steps` taken, and `lr` when it is a number, which a script may have changed on the way.
function Optimizer:state()
  local state = self:views()
  state.steps = self.steps_taken
  if type(self.lr) == "number" then state.lr = self.lr end
  return state
end

function Optimizer:load_state(state)
  load_views("load_state", state, self:views())
  local steps = state.steps
  self.steps_taken = math.tointeger(fm.is_tensor(steps) and steps:item() or steps) or fm.fail("load_state: steps is missing")
  if type(self.lr) == "number" and state.lr then self.lr = check_rate(fm.is_tensor(state.lr) and state.lr:item() or tonumber(state.lr)) end
end

--- Learning rate of the next update.
function Optimizer:rate()
  local lr = self.lr
  if type(lr) == "number" then return lr end
  return lr(self.steps_taken)
end

function Optimizer:zero_grad()
  self.flat:clear()
end

-- One update from the gradients at hand.
local function update(self, clip)
  local scale = 1
  if clip then
    self.grad_norm = self.flat:norm()
    scale = math.min(1, clip / (self.grad_norm + 1e-6))
  end
  local lr = check_rate(self:rate())
  self.steps_taken = self.steps_taken + 1
  self:pass(lr, scale)
  self.flat:clear()
end

--- step(closure [, {clip}]): records closure, goes back from the loss it returns, updates; returns the loss as a number, and what else
--- the closure returned. step() and step(nil, {clip}) use the gradients at hand. A loss that is not finite changes nothing.
function Optimizer:step(closure, given)
  local clip = given and options.read("step", given, { clip = options.none }).clip
  if clip then options.number("step: clip", clip, 0, math.huge) end
  if not closure then return update(self, clip) end
  local number
  do
    local tape <close> = fm.record()
    self.flat:clear()
    local loss = closure()
    if not fm.is_tensor(loss) then fm.fail("step: the closure must return the loss, found " .. type(loss)) end
    number = loss:item()
    if number ~= number or number == math.huge or number == -math.huge then return number end
    loss:backward()
  end
  update(self, clip)
  return number
end

local function optimizer(where, model, o, vectors, pass)
  local list, names = parameters_of(where, model)
  local flat = fm.flat(list)
  local self = setmetatable({ list = list, names = names, flat = flat, lr = o.lr, settings = o, steps_taken = 0, vectors = {}, pass = pass }, Optimizer)
  for _, name in ipairs(vectors) do self.vectors[name] = fm.zeros(flat:total()) end
  if type(o.lr) ~= "function" and not (type(o.lr) == "table" and getmetatable(o.lr)) then check_rate(o.lr) end
  self:rate()
  return self
end

local function adam_pass(self, lr, scale)
  self.flat:adam(self.vectors.m, self.vectors.v, self.settings, self.steps_taken, lr, scale)
end

local function adam(where, model, given, decay, decoupled)
  local o = options.read(where, given, { lr = 1e-3, betas = { 0.9, 0.999 }, eps = 1e-8, weight_decay = decay })
  if type(o.betas) ~= "table" or #o.betas ~= 2 then fm.fail(where .. ": betas: expected {beta1, beta2}") end
  o.beta1 = options.number(where .. ": betas", o.betas[1], 0, 1)
  o.beta2 = options.number(where .. ": betas", o.betas[2], 0, 1)
  options.number(where .. ": eps", o.eps, 0, 1)
  options.number(where .. ": weight_decay", o.weight_decay, 0, math.huge)
  o.decoupled = decoupled
  return optimizer(where, model, o, { "m", "v" }, adam_pass)
end

--- adam(model or parameters, {lr, betas, eps, weight_decay}). Kingma and Ba 2015.
function optim.adam(model, given)
  return adam("adam", model, given, 0, false)
end

--- adamw: weight decay beside the gradient. Loshchilov and Hutter 2019.
function optim.adamw(model, given)
  return adam("adamw", model, given, 0.01, true)
end

local function sgd_pass(self, lr, scale)
  self.flat:sgd(self.vectors.velocity, self.settings, lr, scale)
end

--- sgd(model or parameters, {lr, momentum, nesterov, weight_decay}).
function optim.sgd(model, given)
  local o = options.read("sgd", given, { lr = 1e-2, momentum = 0, nesterov = false, weight_decay = 0 })
  options.number("sgd: momentum", o.momentum, 0, 1)
  options.number("sgd: weight_decay", o.weight_decay, 0, math.huge)
  if o.nesterov and o.momentum == 0 then fm.fail "sgd: nesterov needs a momentum" end
  return optimizer("sgd", model, o, o.momentum > 0 and { "velocity" } or {}, sgd_pass)
end

local Average <const> = {}
Average.__index = Average

--- Takes the model's numbers in: average = decay average + (1 - decay) p. With warmup the decay grows as (1 + n)/(10 + n).
function Average:update()
  self.updates = self.updates + 1
  local decay = self.decay
  if self.warmup then decay = math.min(decay, (1 + self.updates) / (10 + self.updates)) end
  self.flat:ema(self.average, decay)
end

--- Runs f with the averaged numbers in the model, and puts the model's own back, also after an error.
function Average:swap(f)
  self.flat:swap(self.average)
  local _ <close> = setmetatable({}, { __close = function() self.flat:swap(self.average) end })
  return f()
end

function Average:views()
  local views = {}
  add_views(views, "average", self.flat, self.average, self.list, self.names)
  return views
end

function Average:state()
  local state = self:views()
  state.updates = self.updates
  return state
end

function Average:load_state(state)
  load_views("load_state", state, self:views())
  local updates = state.updates
  self.updates = math.tointeger(fm.is_tensor(updates) and updates:item() or updates) or fm.fail("load_state: updates is missing")
end

--- ema(model, {decay, warmup}) -> average:update(), average:swap(f).
function optim.ema(model, given)
  local o = options.read("ema", given, { decay = 0.999, warmup = false })
  options.number("ema: decay", o.decay, 0, 1)
  local list, names = parameters_of("ema", model)
  local flat = fm.flat(list)
  local self = setmetatable({ list = list, names = names, flat = flat, decay = o.decay, warmup = o.warmup, updates = 0, average = fm.zeros(flat:total()) },
    Average)
  flat:read(self.average)
  return self
end

return optim
