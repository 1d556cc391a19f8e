-- What all layers share. A layer lists its tensors and layers once, in order, as {name, value};
-- parameters, state and modes follow. A layer that a user wrote is any table with __call and
-- parameters; its state has numbers as names.
local fm <const> = require "fm"
local no_holes <const> = require "fm.parts.no_holes"
local misspelt <const> = require "fm.parts.misspelt"
local nearest <const> = require "fm.parts.nearest"
local options <const> = require "fm.parts.options"
local sorted_keys <const> = require "fm.parts.sorted_keys"
local swapped <const> = require "fm.parts.swapped"

local Module <const> = {}
Module.__index = Module

function Module.__call(self, ...)
  return self:forward(...)
end

local function is_layer(value)
  return type(value) == "table"
end

local function refuse_more(name, self, ...)
  if type(self) ~= "table" or type(self.parts) ~= "table" then fm.fail(("%s: call it with a colon, model:%s(...)"):format(name, name)) end
  options.no_more(name, 0, ...)
end

--- All parameters, in order, each once.
function Module:parameters(...)
  refuse_more("parameters", self, ...)
  local list, seen = {}, {}
  local function add(tensor)
    if not seen[tensor] then
      seen[tensor] = true
      list[#list + 1] = tensor
    end
  end
  for _, part in ipairs(self.parts) do
    local value = part[2]
    if is_layer(value) then
      for _, tensor in ipairs(value.parameters and value:parameters() or {}) do add(tensor) end
    elseif value:is_parameter() then
      add(value)
    end
  end
  return list
end

--- name -> tensor, named as in PyTorch: "net.0.weight".
function Module:state(...)
  refuse_more("state", self, ...)
  local state = {}
  for _, part in ipairs(self.parts) do
    local name, value = part[1], part[2]
    if not is_layer(value) then
      state[name] = value
    elseif value.state then
      for inner, tensor in pairs(value:state()) do state[name .. "." .. inner] = tensor end
    elseif value.parameters then
      for i, tensor in ipairs(value:parameters()) do state[name .. "." .. i - 1] = tensor end
    end
  end
  return state
end

--- '; there is "wieght"': the given name that is most like one that is missing, and is none of the
--- model's own.
local function instead(own, given, missing)
  local others = {}
  for name in pairs(given) do
    if type(name) == "string" and not own[name] then others[#others + 1] = name end
  end
  table.sort(others)
  local near = fm.nearest(missing, others)
  return near and ('; there is "%s"'):format(near) or ""
end

local function check_state(own, given)
  if type(given) ~= "table" then fm.fail("load_state: expected a table of tensors by name, found " .. options.shown(given)) end
  for _, name in ipairs(sorted_keys(own)) do
    if given[name] == nil then fm.fail(('load_state: "%s" is missing%s'):format(name, instead(own, given, name))) end
    if not fm.is_tensor(given[name]) then fm.fail(('load_state: "%s": expected a tensor, found %s'):format(name, options.shown(given[name]))) end
    local want, found = table.concat(own[name]:shape(), ", "), table.concat(given[name]:shape(), ", ")
    if want ~= found then fm.fail(('load_state: "%s" is [%s], expected [%s]'):format(name, found, want)) end
  end
  for name in pairs(given) do
    if not own[name] then
      fm.fail(('load_state: unexpected "%s"%s'):format(tostring(name), nearest.advice(name, sorted_keys(own))))
    end
  end
end

--- Asks the layers made here that have check_state(name, tensor) about what they would be given.
local function ask_layers(self, given, before)
  for _, part in ipairs(self.parts) do
    local name, value = part[1], part[2]
    if not is_layer(value) then
      if self.check_state then self.check_state(part[1], given[before .. name], before .. name) end
    elseif getmetatable(value) == Module then
      ask_layers(value, given, before .. name .. ".")
    end
  end
end

--- Copies the tensors in; every name must be there, and no other. Ignores a second argument, so
--- that what fm.load returns can be passed on.
function Module:load_state(given, _, ...)
  refuse_more("load_state", self, ...)
  swapped.refuse("load_state", self:parameters())
  local own = self:state()
  check_state(own, given)
  ask_layers(self, given, "")
  for name, tensor in pairs(own) do tensor:copy(given[name]) end
  return self
end

--- How many numbers the parameters have.
function Module:count(...)
  refuse_more("count", self, ...)
  local n = 0
  for _, tensor in ipairs(self:parameters()) do n = n + tensor:count() end
  return n
end

local function set_mode(self, training)
  self.training = training
  for _, part in ipairs(self.parts) do
    local value = part[2]
    if is_layer(value) and value.parts then set_mode(value, training) end
  end
  return self
end

function Module:train(...)
  refuse_more("train", self, ...)
  return set_mode(self, true)
end

function Module:eval(...)
  refuse_more("eval", self, ...)
  return set_mode(self, false)
end

local module <const> = {}

-- What a layer does not have is nil: layers are asked for fields. But a long name like that of a
-- method is a typo.
setmetatable(Module, misspelt("a model", { "parameters", "load_state" }, 7))

--- Whether a value is a layer made here.
function module.is(value)
  return getmetatable(value) == Module
end

--- A readable text: one line for each layer.
function Module:__tostring()
  return require "fm.nn.parts.outline"(self, module.is)
end

--- A model's layers, itself first, each once: those made here and those that a user wrote.
function module.layers(model)
  local list, seen = {}, {}
  local function add(layer)
    if seen[layer] then return end
    seen[layer], list[#list + 1] = true, layer
    for _, part in ipairs(module.is(layer) and layer.parts or {}) do
      if is_layer(part[2]) then add(part[2]) end
    end
  end
  add(model)
  return list
end

--- Returns a function that restores the modes that a model's layers have now; nil when nothing has
--- modes.
function module.modes(model)
  if module.is(model) then
    local layers, modes = module.layers(model), {}
    for i, layer in ipairs(layers) do modes[i] = layer.training end
    return function()
      for i, layer in ipairs(layers) do layer.training = modes[i] end
    end
  end
  if type(model) ~= "table" or not (options.callable(model.train) and options.callable(model.eval)) then return nil end
  local training = model.training
  return function()
    if training then model:train() end
  end
end

local function check_parts(parts)
  if type(parts) ~= "table" then fm.fail("module: expected a list of parts { name, tensor or layer }, found " .. options.shown(parts)) end
  no_holes("module", parts)
  for i, part in ipairs(parts) do
    local fits = type(part) == "table" and type(part[1]) == "string" and (fm.is_tensor(part[2]) or is_layer(part[2]))
    if not fits then fm.fail(("module: part %d: expected { name, tensor or layer }, found %s"):format(i, options.shown(part))) end
  end
end

--- A layer from its parts and its forward(self, ...); other fields may be set on the result.
function module.new(parts, forward, ...)
  options.no_more("module", 2, ...)
  check_parts(parts)
  if not options.callable(forward) then fm.fail("module: expected forward(self, ...), found " .. options.shown(forward)) end
  return setmetatable({ parts = parts, forward = forward, training = true }, Module)
end

return module
