-- Values for a run that only shows whether a script works: two steps, a tiny batch, few samples, as
-- far as the declared limits allow.
local trial_values <const> = {}

-- A parameter is known by a word of its name ("eval_steps", "batch_size"); the first word that
-- matches counts.
local sizes <const> = { { "steps", 2 }, { "epochs", 2 }, { "iterations", 2 }, { "batch", 8 }, { "samples", 16 }, { "points", 16 } }

local function size_for(name)
  for _, size in ipairs(sizes) do
    local word = size[1]
    if ("_" .. name .. "_"):find("_" .. word:gsub("s$", "") .. "s?_") then return size[2] end
  end
  return nil
end

--- The values of an experiment's parameters, made small unless `given` (values by name) sets them;
--- and a list of what was made small: { name, from, to, least = true where the limit kept it from
--- being smaller }.
function trial_values.of(parameters, given)
  local values, made = {}, {}
  for _, declaration in ipairs(parameters) do
    local name, value = declaration.name, declaration.default
    local size = declaration.type == "integer" and not declaration.choices and size_for(name)
    if given[name] ~= nil then
      value = given[name]
    elseif size and value > size then
      local least = declaration.min and declaration.min > size
      local smaller = least and math.ceil(declaration.min) or size
      if smaller < value then made[#made + 1] = { name = name, from = value, to = smaller, least = least } end
      value = math.min(value, smaller)
    end
    values[name] = value
  end
  return values, made
end

return trial_values
