-- A model as readable text: a line for each layer, with the shapes of its own tensors and how many
-- numbers are trained.
--   vector_field, 153538 parameters
--     time_embed: sequential, 4288
--       0: linear, weight [64, 1], bias [64]
--       1: silu
--       ...
local fm <const> = require "fm"

local own_folder <const> = debug.getinfo(1, "S").source:match "^(.*/)nn/"

--- The kind of a layer: the name of the file that wrote its forward, which is a file of fm or one
--- that a script requires.
local function kind_of(layer)
  if type(layer.same_as_op) == "string" then return layer.same_as_op end
  local source = type(layer.forward) == "function" and debug.getinfo(layer.forward, "S").source or ""
  local name = source:match "^@.-([%w_]+)%.lua$"
  local is_module = name and (source:sub(1, #own_folder) == own_folder or package.loaded[name] ~= nil)
  return is_module and name or "module"
end

local function shape_text(name, tensor)
  local ok, shape = pcall(tensor.shape, tensor)
  local fixed = tensor:is_parameter() and "" or " fixed"
  return ("%s [%s]%s"):format(name, ok and table.concat(shape, ", ") or "released", fixed)
end

--- A layer that a user wrote: any table with __call and parameters.
local function foreign_text(layer)
  local meta = getmetatable(layer)
  if type(meta) == "table" and meta.__tostring then return (tostring(layer):match "^[^\n]*") end
  local n = 0
  for _, tensor in ipairs(layer.parameters and layer:parameters() or {}) do n = n + tensor:count() end
  return ("layer, %d"):format(n)
end

local add_layer

local function add_part(lines, name, value, level, is_module)
  local start = ("  "):rep(level) .. name .. ": "
  if is_module(value) then add_layer(lines, start, value, level, is_module)
  else lines[#lines + 1] = start .. foreign_text(value) end
end

--- Adds the line of a layer and the lines of the layers in it. A layer that contains layers shows
--- how many numbers they have together.
function add_layer(lines, start, layer, level, is_module)
  local words, inner = { kind_of(layer) }, {}
  for _, part in ipairs(layer.parts) do
    if fm.is_tensor(part[2]) then words[#words + 1] = shape_text(part[1], part[2]) else inner[#inner + 1] = part end
  end
  if level == 0 then table.insert(words, 2, ("%d parameters"):format(layer:count()))
  elseif #inner > 0 then table.insert(words, 2, ("%d"):format(layer:count())) end
  lines[#lines + 1] = start .. table.concat(words, ", ")
  for _, part in ipairs(inner) do add_part(lines, part[1], part[2], level + 1, is_module) end
end

--- is_module(value) tells whether a part is a layer made by fm.nn.module.
return function(model, is_module)
  local lines = {}
  add_layer(lines, "", model, 0, is_module)
  return table.concat(lines, "\n")
end
