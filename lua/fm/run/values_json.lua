-- Plain values as JSON and tensors by name, and back, exactly. Objects are tables whose keys begin
-- with s (strings), x (strings that are not UTF-8, in hexadecimal) or i (whole numbers); lists
-- stand for what JSON cannot express: { "tensor", name }, { "number", "nan" }, { "bytes", hex }.
local fm <const> = require "fm"

local values_json <const> = {}

local simple <const> = { number = true, string = true, boolean = true }
local deepest <const> = 12

-- ---- what is plain ----

--- nil, or what is wrong with a value, by its place: "progress.best is a function: expected ...".
local function problem_in(place, value, depth)
  if simple[type(value)] or fm.is_tensor(value) then return nil end
  if type(value) ~= "table" or getmetatable(value) then
    return ("%s is a %s: expected a number, a string, a boolean, a tensor or a table of them"):format(place, type(value))
  end
  if depth > deepest then return ("%s: tables within tables more than %d deep"):format(place, deepest) end
  for key, inner in next, value do
    if type(key) ~= "string" and not math.tointeger(key) then
      return ("%s: keys are strings or whole numbers, found %s"):format(place, tostring(key))
    end
    local problem = problem_in(("%s.%s"):format(place, key), inner, depth + 1)
    if problem then return problem end
  end
end

--- Raises unless a table is plain. `place` names it: "keeps: progress".
function values_json.check(place, value)
  local problem = problem_in(place, value, 1)
  if problem then fm.fail(problem) end
end

function values_json.is_plain(value)
  return problem_in("", value, 1) == nil
end

-- ---- to JSON ----

local encode

local function to_hex(text)
  return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function from_hex(hex)
  return (hex:gsub("..", function(c) return string.char(tonumber(c, 16)) end))
end

local function is_text(value)
  return utf8.len(value) and not value:find "%z"
end

local function key_text(key)
  if type(key) ~= "string" then return "i" .. key end
  return is_text(key) and "s" .. key or "x" .. to_hex(key)
end

--- A name for a tensor in the file: its own name, unless another tensor has it or a file cannot
--- hold it.
local function free_name(name, tensors)
  if not is_text(name) then name = to_hex(name) end
  local free, n = name, 1
  while tensors[free] or free == "__metadata__" do
    n = n + 1
    free = ("%s~%d"):format(name, n)
  end
  return free
end

--- A table; its tensors go to `tensors`, under names that begin with `name`.
function values_json.encode_table(name, value, tensors)
  local object = {}
  for key, inner in pairs(value) do object[key_text(key)] = encode(("%s.%s"):format(name, key), inner, tensors) end
  return object
end

function encode(name, value, tensors)
  if fm.is_tensor(value) then
    name = free_name(name, tensors)
    tensors[name] = value
    return { "tensor", name }
  elseif type(value) == "table" then
    return values_json.encode_table(name, value, tensors)
  elseif math.type(value) == "float" and (value ~= value or math.abs(value) == math.huge) then
    return { "number", tostring(value) }
  elseif type(value) == "string" and not is_text(value) then
    return { "bytes", to_hex(value) }
  end
  return value
end
values_json.encode = encode

-- ---- and back ----

local not_finite <const> = { inf = math.huge, ["-inf"] = -math.huge }

local function tensor_of(name, tensors)
  return tensors[name] or fm.fail(("resume: the checkpoint has no tensor %q"):format(name))
end

local special <const> = {
  tensor = function(name, former, tensors)
    local tensor = tensor_of(name, tensors)
    if not fm.is_tensor(former) or table.concat(former:shape(), " ") ~= table.concat(tensor:shape(), " ") then return tensor:clone() end
    return former:copy(tensor)
  end,
  number = function(text) return not_finite[text] or 0 / 0 end,
  bytes = from_hex,
}

local function key_of(text)
  local kind, rest = text:sub(1, 1), text:sub(2)
  if kind == "i" then return math.tointeger(tonumber(rest)) end
  return kind == "x" and from_hex(rest) or rest
end

--- The value that `coded` describes; tables and tensors of `former` are filled rather than
--- replaced, because a script may hold them.
function values_json.decode(coded, former, tensors)
  if type(coded) ~= "table" then return coded end
  if coded[1] then return special[coded[1]](coded[2], former, tensors) end
  local into = type(former) == "table" and former or {}
  local old = {}
  for key, value in next, into do old[key] = value end
  for key in next, old do into[key] = nil end
  for text, inner in pairs(coded) do
    local key = key_of(text)
    into[key] = values_json.decode(inner, old[key], tensors)
  end
  return into
end

--- What a part's state() was; its tensors are those of the file, and load_state copies from them.
function values_json.state(coded, tensors)
  local state = {}
  for text, inner in pairs(coded) do
    if text ~= "f" then -- see fm.run.kept
      local is_tensor = type(inner) == "table" and inner[1] == "tensor"
      state[key_of(text)] = is_tensor and tensor_of(inner[2], tensors) or values_json.decode(inner, nil, tensors)
    end
  end
  return state
end

return values_json
