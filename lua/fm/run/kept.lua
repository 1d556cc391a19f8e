-- The things a run keeps, as tensors and values that a checkpoint can hold, and back into the same things. Kept are: what has state()
-- (models, optimizers, averages), tensors, random streams, and plain tables of numbers, strings, booleans, tensors and such tables.
local fm <const> = require "fm"

local kept <const> = {}

-- ---- what may be kept ----

local function is_stream(value)
  return getmetatable(value) == "rng"
end

local function has_state(part)
  return type(part) == "table" and type(part.state) == "function"
end

local simple <const> = { number = true, string = true, boolean = true }
local deepest <const> = 12

--- Raises unless a value of a plain table can be kept. `place` names it: "progress.best".
local function check_value(place, value, depth)
  if simple[type(value)] or fm.is_tensor(value) then return end
  if type(value) ~= "table" or getmetatable(value) then
    fm.fail(("keeps: %s is a %s: expected a number, a string, a boolean, a tensor or a table of them"):format(place, type(value)))
  end
  if depth > deepest then fm.fail(("keeps: %s: tables within tables more than %d deep"):format(place, deepest)) end
  for key, inner in next, value do
    if type(key) ~= "string" and not math.tointeger(key) then
      fm.fail(("keeps: %s: keys are strings or whole numbers, found %s"):format(place, tostring(key)))
    end
    check_value(("%s.%s"):format(place, key), inner, depth + 1)
  end
end

--- Raises unless `part` can be kept under that name.
function kept.check(name, part)
  if type(name) ~= "string" then fm.fail(("keeps: names are strings, found %s"):format(tostring(name))) end
  if fm.is_tensor(part) or is_stream(part) or has_state(part) then return end
  if type(part) ~= "table" then
    fm.fail(("keeps: %s has no state(): it is a %s; put it into a table: run:keeps { counts = { %s = ... } }"):format(name, type(part), name))
  end
  if getmetatable(part) then fm.fail(("keeps: %s has no state()"):format(name)) end
  check_value(name, part, 1)
end

-- ---- values as JSON: objects are tables whose keys begin with s (strings) or i (whole numbers), lists what JSON cannot say ----

local encode_value

local function encode_table(name, value, tensors)
  local object = {}
  for key, inner in next, value do
    object[(type(key) == "string" and "s" or "i") .. key] = encode_value(("%s.%s"):format(name, key), inner, tensors)
  end
  return object
end

local function to_hex(text)
  return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

function encode_value(name, value, tensors)
  if fm.is_tensor(value) then
    tensors[name] = value
    return { "tensor", name }
  elseif type(value) == "table" then
    return encode_table(name, value, tensors)
  elseif math.type(value) == "float" and (value ~= value or math.abs(value) == math.huge) then
    return { "number", tostring(value) }
  elseif type(value) == "string" and not (utf8.len(value) and not value:find "%z") then
    return { "bytes", to_hex(value) }
  end
  return value
end

local not_finite <const> = { inf = math.huge, ["-inf"] = -math.huge }

local special <const> = {
  tensor = function(name, former, tensors)
    local tensor = tensors[name] or fm.fail(("resume: the checkpoint has no tensor %q"):format(name))
    if not fm.is_tensor(former) or table.concat(former:shape(), " ") ~= table.concat(tensor:shape(), " ") then return tensor:clone() end
    return former:copy(tensor)
  end,
  number = function(text) return not_finite[text] or 0 / 0 end,
  bytes = function(hex) return (hex:gsub("..", function(c) return string.char(tonumber(c, 16)) end)) end,
}

--- The value that `coded` says; tables and tensors of `former` are filled rather than replaced, since a script may hold them.
local function decode_value(coded, former, tensors)
  if type(coded) ~= "table" then return coded end
  if coded[1] then return special[coded[1]](coded[2], former, tensors) end
  local into = type(former) == "table" and former or {}
  local old = {}
  for key, value in next, into do old[key] = value end
  for key in next, old do into[key] = nil end
  for name, inner in pairs(coded) do
    local key = name:sub(2)
    if name:sub(1, 1) == "i" then key = math.tointeger(tonumber(key)) end
    into[key] = decode_value(inner, old[key], tensors)
  end
  return into
end

-- ---- one part ----

local function capture(name, part, tensors)
  if has_state(part) then
    return encode_table(name, part:state(), tensors)
  elseif is_stream(part) then
    return { "stream", part:step(), part:calls() }
  elseif type(part) == "table" then
    check_value(name, part, 1)
  end
  return encode_value(name, part, tensors)
end

--- For things without load_state: their tensors are filled.
local function fill(name, part, state)
  for inner, tensor in pairs(part:state()) do
    if not fm.is_tensor(tensor) then fm.fail(("resume: %s has no load_state() to take %s back"):format(name, inner)) end
    tensor:copy(state[inner])
  end
end

--- What part:state() was; the tensors are the file's, which load_state copies from.
local function state_from(coded, tensors)
  local state = {}
  for name, inner in pairs(coded) do
    local is_tensor = type(inner) == "table" and inner[1] == "tensor"
    state[name:sub(2)] = is_tensor and tensors[inner[2]] or decode_value(inner, nil, tensors)
  end
  return state
end

local function restore(name, part, coded, tensors)
  if has_state(part) then
    local state = state_from(coded, tensors)
    if part.load_state then part:load_state(state) else fill(name, part, state) end
  elseif is_stream(part) then
    part:at(coded[2], coded[3])
  else
    decode_value(coded, part, tensors)
  end
end

-- ---- all ----

--- The parts as tensors by full name ("model.net.0.weight") and values by part. Tensors are the things' own, not copies.
function kept.capture(parts)
  local tensors, values = {}, {}
  for name, part in pairs(parts) do values[name] = capture(name, part, tensors) end
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

--- Puts what was captured back into the parts; raises when they are others than those that were captured.
function kept.restore(parts, tensors, values)
  local missing, more = names_text(values, parts), names_text(parts, values)
  if missing then fm.fail(("resume: the checkpoint holds %s, which the script has not declared by run:keeps before this loop"):format(missing)) end
  if more then fm.fail(("resume: the checkpoint does not hold %s, which the script keeps"):format(more)) end
  for name, part in pairs(parts) do restore(name, part, values[name], tensors) end
end

--- As restore, as far as parts and values have the same names.
function kept.lend(parts, tensors, values)
  for name, part in pairs(parts) do
    if values[name] ~= nil then restore(name, part, values[name], tensors) end
  end
end

--- Bytes of the tensors in a file.
function kept.size(tensors)
  local numbers = 0
  for _, tensor in pairs(tensors) do numbers = numbers + tensor:count() end
  return numbers * (fm.real == "float" and 4 or 8)
end

return kept
