-- What a run keeps, as tensors and values that a checkpoint can hold, and back into the same
-- objects. Kept are: objects with state() (models, optimizers, averages), tensors, random streams,
-- and plain tables of numbers, strings, booleans, tensors and such tables. For a model the fields
-- of its layers are kept too, for example its mode: see fm.run.layer_fields.
local fm <const> = require "fm"
local attempt <const> = require "fm.parts.attempt"
local layer_fields <const> = require "fm.run.layer_fields"
local module <const> = require "fm.nn.parts.module"
local sealed <const> = require "fm.parts.sealed"
local swapped <const> = require "fm.parts.swapped"
local utf8_text <const> = require "fm.parts.utf8_text"
local values_json <const> = require "fm.run.values_json"

local kept <const> = {}

-- ---- what may be kept ----

local function is_stream(value)
  return getmetatable(value) == "rng"
end

local function has_state(part)
  return type(part) == "table" and type(part.state) == "function"
end

--- Raises unless `part` can be kept under that name.
function kept.check(name, part)
  if type(name) ~= "string" then fm.fail(("keeps: names are strings, found %s"):format(tostring(name))) end
  utf8_text.check("keeps: a name", name)
  if fm.is_tensor(part) or is_stream(part) then return end
  if type(part) ~= "table" then
    fm.fail(("keeps: %s has no state(): it is a %s; put it into a table: run:keeps { counts = { %s = ... } }"):format(name, type(part), name))
  end
  if getmetatable(part) == nil and not has_state(part) then return values_json.check("keeps: " .. name, part) end
  -- an object that raises for unknown names has none either
  local ok, stateful = attempt(has_state, part)
  if not (ok and stateful) then
    fm.fail(("keeps: %s has no state(); a layer of your own gets one from fm.nn.module, or inside of nn.sequential { layer }"):format(name))
  end
end

-- ---- one part ----

local function capture(name, part, tensors)
  if has_state(part) then
    local coded = values_json.encode_table(name, part:state(), tensors)
    if module.is(part) then coded.f = layer_fields.capture(name, part, tensors) end
    return coded
  elseif is_stream(part) then
    return { "stream", part:step(), part:calls(), part:own_clock() }
  elseif type(part) == "table" then
    values_json.check("keeps: " .. name, part)
  end
  return values_json.encode(name, part, tensors)
end

--- For objects without load_state: fills their tensors.
local function fill(name, part, state)
  for inner, tensor in pairs(part:state()) do
    if not fm.is_tensor(tensor) then fm.fail(("resume: %s has no load_state() to take %s back"):format(name, inner)) end
    tensor:copy(state[inner])
  end
end

local function restore(name, part, coded, tensors)
  if has_state(part) then
    local state = values_json.state(coded, tensors)
    if part.load_state then part:load_state(state) else fill(name, part, state) end
    if module.is(part) and coded.f then layer_fields.restore(part, coded.f, tensors) end
  elseif is_stream(part) then
    -- otherwise it follows the run's clock
    if coded[4] or part:own_clock() then part:at(coded[2], coded[3]) end
  else
    values_json.decode(coded, part, tensors)
  end
end

-- ---- all ----

--- The parts as tensors by full name ("model.net.0.weight") and values by part. Tensors of models
--- are not copied.
function kept.capture(parts)
  swapped.refuse("checkpoint")
  local tensors, values = {}, {}
  -- states first: other tools know their names, so these must not change
  for _, stateful in ipairs { true, false } do
    for name, part in pairs(parts) do
      if has_state(part) == stateful then values[name] = capture(name, part, tensors) end
    end
  end
  return tensors, values
end

local function names_text(from, without)
  local names = {}
  for name in pairs(from) do
    if without[name] == nil then names[#names + 1] = name end
  end
  table.sort(names)
  return #names > 0 and table.concat(names, ", ")
end

--- Puts what was captured back into the parts; raises when the parts differ from those that were
--- captured.
function kept.restore(parts, tensors, values)
  local missing, more = names_text(values, parts), names_text(parts, values)
  if missing then fm.fail(("resume: the checkpoint holds %s, which the script has not declared by run:keeps before this loop"):format(missing)) end
  if more then fm.fail(("resume: the checkpoint does not hold %s, which the script keeps"):format(more)) end
  for name, part in pairs(parts) do restore(name, part, values[name], tensors) end
end

--- Like restore, but only for the names that both parts and values have.
function kept.lend(parts, tensors, values)
  for name, part in pairs(parts) do
    if values[name] ~= nil then restore(name, part, values[name], tensors) end
  end
end

--- A loop begins (true), or is left (nil): see fm.parts.sealed.
function kept.seal(parts, value)
  for _, part in pairs(parts) do
    sealed[part] = value
    if value and module.is(part) then layer_fields.note(part) end
  end
end

--- Bytes of the tensors in a file.
function kept.size(tensors)
  local numbers = 0
  for _, tensor in pairs(tensors) do numbers = numbers + tensor:count() end
  return numbers * (fm.real == "float" and 4 or 8)
end

return kept
