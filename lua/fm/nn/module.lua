-- What all layers share. A layer lists its tensors and layers once, in order, as {name, value}; parameters, state and modes follow.
-- A layer of a user's is any table with __call and parameters; its state is then numbered.
local fm <const> = require "fm"
local sorted_keys <const> = require "fm.sorted_keys"

local Module <const> = {}
Module.__index = Module

function Module.__call(self, ...)
  return self:forward(...)
end

local function is_layer(value)
  return type(value) == "table"
end

--- All parameters, in order, each once.
function Module:parameters()
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

--- name -> tensor, the names as PyTorch's: "net.0.weight".
function Module:state()
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

--- Copies the tensors in; every name must be there, and no other.
function Module:load_state(given)
  local own = self:state()
  for _, name in ipairs(sorted_keys(own)) do
    if not given[name] then fm.fail(('load_state: "%s" is missing'):format(name)) end
    local want, found = table.concat(own[name]:shape(), ", "), table.concat(given[name]:shape(), ", ")
    if want ~= found then fm.fail(('load_state: "%s" is [%s], expected [%s]'):format(name, found, want)) end
  end
  for _, name in ipairs(sorted_keys(given)) do
    if not own[name] then
      local near = fm.nearest(name, sorted_keys(own))
      fm.fail(('load_state: unexpected "%s"%s'):format(name, near and ('; did you mean "%s"?'):format(near) or ""))
    end
  end
  for name, tensor in pairs(own) do tensor:copy(given[name]) end
  return self
end

--- How many numbers the parameters have.
function Module:count()
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

function Module:train() return set_mode(self, true) end
function Module:eval() return set_mode(self, false) end

local module <const> = {}

--- A layer from its parts and its forward(self, ...); other fields may be set on the result.
function module.new(parts, forward)
  return setmetatable({ parts = parts, forward = forward, training = true }, Module)
end

return module
