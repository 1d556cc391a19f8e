-- The parameters that an optimizer or an average works on, side by side as C expects them, and
-- their part of a state: prefix.name -> tensor.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local sorted_keys <const> = require "fm.parts.sorted_keys"

local parameters <const> = {}

local function list_of(where, model)
  if fm.is_tensor(model) then model = { model } end
  if type(model) ~= "table" then fm.fail(("%s: expected a model or a list of parameters, found %s"):format(where, options.shown(model))) end
  if options.callable(model.parameters) then
    model = model:parameters()
    if fm.is_tensor(model) then fm.fail(where .. ": model:parameters(): expected a list of parameters, found " .. options.shown(model)) end
  end
  if type(model) ~= "table" or #model == 0 then fm.fail(where .. ": there are no parameters to optimize") end
  local at = {}
  for i = 1, #model do
    local parameter = model[i]
    if not fm.is_tensor(parameter) or not parameter:is_parameter() then
      fm.fail(("%s: entry %d of the list is not a parameter: it is %s"):format(where, i, options.shown(parameter)))
    end
    if at[parameter] then fm.fail(("%s: entries %d and %d of the list are the same parameter"):format(where, at[parameter], i)) end
    at[parameter] = i
  end
  return model
end

--- The names in a state: those of the model's state, else the positions in the list.
local function names_of(model, list)
  local of, names, taken = {}, {}, {}
  if type(model) == "table" and options.callable(model.state) then
    for name, tensor in pairs(model:state()) do of[tensor] = name end
  end
  for i, parameter in ipairs(list) do
    local name = of[parameter] or tostring(i)
    while taken[name] do name = name .. "_" end
    names[i], taken[name] = name, true
  end
  return names, next(of) ~= nil
end

--- { flat, list, names, named } of a model or a list.
function parameters.of(where, model)
  local list = list_of(where, model)
  local names, named = names_of(model, list)
  return { flat = fm.flat(list), list = list, names = names, named = named }
end

--- The name of parameter i in messages.
function parameters.name(set, i)
  return set.named and ('"%s"'):format(set.names[i]) or "parameter " .. i
end

--- The range of parameter i in a flat vector, as a tensor that shares it.
function parameters.view(set, vector, i)
  local parameter = set.list[i]
  if parameter:count() == 0 then return fm.zeros(parameter:shape()) end
  local first, last = set.flat:range(i)
  return vector[{ first, last }]:reshape(parameter:shape())
end

--- prefix.name -> view of each vector { prefix = flat vector }.
function parameters.views(set, vectors)
  local views = {}
  for prefix, vector in pairs(vectors) do
    for i, name in ipairs(set.names) do views[prefix .. "." .. name] = parameters.view(set, vector, i) end
  end
  return views
end

local function shape_text(tensor)
  return "[" .. table.concat(tensor:shape(), ", ") .. "]"
end

--- Copies a state into the views; raises when a tensor is missing or has another shape, or when the
--- state has a name that is neither among the views nor in `others`. Nothing is copied then.
function parameters.load(where, state, views, others)
  for _, name in ipairs(sorted_keys(views)) do
    local tensor, view = state[name], views[name]
    if tensor == nil then fm.fail(('%s: the state has no "%s"'):format(where, name)) end
    if not fm.is_tensor(tensor) then fm.fail(('%s: "%s": expected a tensor, found %s'):format(where, name, options.shown(tensor))) end
    if shape_text(tensor) ~= shape_text(view) then
      fm.fail(('%s: "%s" is %s, expected %s'):format(where, name, shape_text(tensor), shape_text(view)))
    end
  end
  for name in pairs(state) do
    if not views[name] and not others[name] then fm.fail(('%s: unexpected "%s"'):format(where, tostring(name))) end
  end
  for name, view in pairs(views) do view:copy(state[name]) end
end

return parameters
