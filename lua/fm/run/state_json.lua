-- Checks state.json before a run goes on from it: the digest detects accidents, this detects
-- contents that no checkpoint wrote.
local is_list <const> = require "fm.records.is_list"

local function is_whole(value) return math.type(value) == "integer" and value >= 0 end
local function is_number(value) return math.type(value) ~= nil end
local function is_text(value) return type(value) == "string" end
local function is_path(value) return type(value) == "string" and value ~= "" and not value:find "%z" end
local function is_duration(value) return math.type(value) ~= nil and value >= 0 and value < 1e12 end
local function is_table(value) return type(value) == "table" end
local function is_boolean(value) return type(value) == "boolean" end

--- A test of lists whose every entry passes one.
local function list_of(is_entry)
  return function(value) return is_list(value, is_entry) end
end

--- A test of objects whose fields pass these tests.
local function object_of(fields)
  return function(value)
    if not is_table(value) then return false end
    for name, is_field in next, fields do
      if not is_field(value[name]) then return false end
    end
    return true
  end
end

--- A test of names with plain values.
local function is_plain(value)
  if not is_table(value) then return false end
  for name, inner in next, value do
    if not is_text(name) or not (is_number(inner) or is_text(inner) or is_boolean(inner)) then return false end
  end
  return true
end

--- The same test, but nil passes too.
local function optional(test)
  return function(value) return value == nil or test(value) end
end

--- A test of names with places of loaders.
local function is_places(value)
  if not is_table(value) then return false end
  for name, place in next, value do
    if not is_text(name) or not list_of(is_whole)(place) or #place ~= 2 then return false end
  end
  return true
end

local is_watched <const> = object_of { recent = list_of(is_number), inside = is_boolean, count = is_whole, first = optional(is_whole),
  worst = optional(is_number) }

--- A test of what is known about spikes.
local function is_spikes(value)
  if not is_table(value) or not list_of(is_boolean)(value.over) or not is_table(value.watched) then return false end
  for name, watched in next, value.watched do
    if not is_text(name) or not is_watched(watched) then return false end
  end
  return true
end

local is_stop <const> = object_of { misses = is_whole, over = is_boolean, best = optional(is_number), step = optional(is_whole) }
local is_file <const> = object_of { path = is_path, hash = is_text }
local slot <const> = { slot = function(value) return value == 1 or value == 2 end, hash = is_text, step = is_whole, loop = is_whole, loops = list_of(is_whole),
  seconds = is_duration, stops = list_of(is_stop), summary = is_plain,
  lengths = object_of { ["metrics.jsonl"] = is_whole, ["log.txt"] = is_whole, ["timing.jsonl"] = is_whole },
  digests = optional(object_of { ["metrics.jsonl"] = is_text, ["log.txt"] = is_text, ["timing.jsonl"] = is_text }), outputs = optional(list_of(is_file)),
  places = optional(list_of(is_places)),
  spikes = optional(is_spikes),
  best = optional(object_of { value = is_number, step = is_whole }) }
local origin <const> = { code = list_of(is_file), data = list_of(is_file), library = list_of(is_file), config = is_plain, program = is_text,
  blas_core = is_text, real = is_text }

--- nil, or the first place of a state that does not hold what it must: "slots[1].step".
return function(state)
  if not is_table(state.slots) or #state.slots == 0 and next(state.slots) ~= nil then return "slots" end
  for i, entry in ipairs(state.slots) do
    if not is_table(entry) then return ("slots[%d]"):format(i) end
    for name, is_right in next, slot do
      if not is_right(entry[name]) then return ("slots[%d].%s"):format(i, name) end
    end
  end
  if not is_table(state.origin) then return "origin" end
  for name, is_right in next, origin do
    if not is_right(state.origin[name]) then return "origin." .. name end
  end
  return nil
end
