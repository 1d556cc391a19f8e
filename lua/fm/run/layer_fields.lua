-- The fields of a model's layers, which a script may set: numbers, strings, booleans and plain
-- tables of them are kept in checkpoints, so that a mode or a scale that is set inside a loop is
-- there when the run goes on. Other values cannot be kept, and must not change inside a loop.
local fm <const> = require "fm"
local module <const> = require "fm.nn.parts.module"
local values_json <const> = require "fm.run.values_json"

local layer_fields <const> = {}

local own <const> = { parts = true, forward = true }
local noted <const> = setmetatable({}, { __mode = "k" }) -- layer -> field -> what it was when the loop began

--- Whether a checkpoint holds the value. Tables that hold tensors belong to the layer, like its
--- parts.
local function is_kept(value)
  local kind = type(value)
  if kind == "number" or kind == "string" or kind == "boolean" then return true end
  if kind ~= "table" or fm.is_tensor(value) or not values_json.is_plain(value) then return false end
  local function has_tensor(list)
    for _, inner in next, list do
      if fm.is_tensor(inner) or type(inner) == "table" and has_tensor(inner) then return true end
    end
    return false
  end
  return not has_tensor(value)
end

--- The fields of a layer that a checkpoint holds, and the others.
local function fields_of(layer)
  local values, others = {}, {}
  for name, value in next, layer do
    if is_kept(value) and type(name) == "string" then values[name] = value else others[name] = value end
  end
  return values, others
end

--- A loop begins.
function layer_fields.note(model)
  for _, layer in ipairs(module.layers(model)) do
    noted[layer] = {}
    for name, value in next, layer do noted[layer][name] = value end
  end
end

local function refuse(name, field, value)
  fm.fail(('checkpoint: the field "%s" of a layer of %s was set inside the loop to a %s, which a checkpoint cannot hold: a run that goes on '
    .. "from it would not have it; set it before the loop, or to a number, a string or a boolean"):format(tostring(field), name, type(value)))
end

-- A script's own layer may store what it makes in its first call; but functions that were there
-- before must stay.
local function check_unchanged(name, layer, others)
  local former = noted[layer]
  if not former then return end
  local ours = module.is(layer)
  for field, value in next, others do
    local counts = ours or type(value) == "function" and former[field] ~= nil
    if counts and value ~= former[field] and not own[field] then refuse(name, field, value) end
  end
  for field, value in next, former do
    local counts = type(value) == "function" or ours and not is_kept(value)
    if counts and layer[field] == nil then refuse(name, field, nil) end
  end
end

--- The fields of all layers as JSON: one object for each, in order.
function layer_fields.capture(name, model, tensors)
  local list = {}
  for i, layer in ipairs(module.layers(model)) do
    local values, others = fields_of(layer)
    check_unchanged(name, layer, others)
    list[i] = values_json.encode_table(name, values, tensors)
  end
  return list
end

--- Puts captured fields back, and removes those that were not there.
function layer_fields.restore(model, coded, tensors)
  for i, layer in ipairs(module.layers(model)) do
    local values = fields_of(layer)
    for name in next, values do layer[name] = nil end
    for name, value in next, values_json.decode(coded[i] or {}, values, tensors) do layer[name] = value end
  end
end

return layer_fields
