-- Checks run.json, so that the rest of fm can trust it: its fields have these types, or the run
-- counts as damaged.
local core <const> = require "fm.core"
local is_list <const> = require "fm.records.is_list"
local read_json <const> = require "fm.records.json_file"

local function is_plain(value)
  local kind = type(value)
  return kind == "number" or kind == "string" or kind == "boolean"
end

--- Names and plain values: a config, a summary.
local function is_object(value)
  if type(value) ~= "table" then return false end
  for key, inner in next, value do
    if type(key) ~= "string" or not is_plain(inner) then return false end
  end
  return true
end

--- Names and numbers.
local function is_numbers(value)
  if not is_object(value) then return false end
  for _, inner in next, value do
    if not math.type(inner) then return false end
  end
  return true
end

--- Names and what is known about the spikes of each.
local function is_spikes(value)
  if type(value) ~= "table" then return false end
  for name, found in next, value do
    if type(name) ~= "string" or type(found) ~= "table" then return false end
    local count, first, worst = found.count, found.first, found.worst
    if math.type(count) ~= "integer" or count < 0 then return false end
    if count > 0 and not (math.type(first) == "integer" and math.type(worst)) then return false end
  end
  return true
end

local logs <const> = { [""] = true, x = true, y = true, xy = true }

local function is_string(value) return type(value) == "string" end

--- { path, hash } of a file.
local function is_file(value)
  return type(value) == "table" and is_string(value.path) and is_string(value.hash) and value.path ~= "" and not value.path:find "%z"
end

local function is_files(value) return is_list(value, is_file) end
local function is_texts(value) return is_list(value, is_string) end

--- Whether a name leads to a place inside of the folder.
local function is_inside(name)
  return not ("/" .. name .. "/"):find("/../", 1, true) and not name:find "%z"
end

--- Names of files inside the folder, each with the axes of its curve that are logarithmic.
local function is_curves(value)
  if not is_object(value) then return false end
  for name, axes in next, value do
    if not logs[axes] or not is_inside(name) then return false end
  end
  return true
end

--- Names of files inside the folder, each with the title and the notes of its table.
local function is_tables(value)
  if type(value) ~= "table" then return false end
  for name, about in next, value do
    if not is_string(name) or type(about) ~= "table" or not is_string(about.title) or not is_texts(about.notes) then return false end
    if not is_inside(name) then return false end
  end
  return true
end

local function is_whole(value) return math.type(value) == "integer" end
local function is_boolean(value) return type(value) == "boolean" end
local function is_count(value) return math.type(value) == "integer" and value >= 0 end
local function is_duration(value) return type(value) == "number" and value >= 0 and value < 1e12 end

local text <const>, whole <const> = { is_string, "a text" }, { is_whole, "a whole number" }
local count <const>, duration <const> = { is_count, "a whole number >= 0" }, { is_duration, "a number of seconds" }
local texts <const> = { is_texts, "a list of texts" }
local numbers <const> = { is_numbers, "names with numbers" }
local object <const>, files <const> = { is_object, "names with plain values" }, { is_files, "a list of path and hash" }
local types <const> = {
  experiment = text, arguments = texts, outputs = texts, script = text, command = text, directory = text, status = text, error = text,
  started = text, ended = text, host = text, boot = text, seed = whole, seconds = duration, steps = count, threads = count, cores = count, pid = count,
  shares = count, processes = count, resumed = count, peak_rss = count, step_peak_bytes = count, step_bytes = count, commit = text,
  pareto = text,
  dirty = { is_boolean, "true or false" },
  config = object, defaults = object, summary = object, versions = object, code = files, data = files,
  floors = numbers, floor_errors = numbers, curves = { is_curves, "names of files with axes" },
  tables = { is_tables, "names of files with title and notes" }, spikes = { is_spikes, "names with count, first and worst" },
}

-- Names that the reader of records adds to a record, or uses for a group of runs.
local ours <const> = { "path", "name", "parts", "id", "sweep", "kind", "runs", "index", "label", "changed", "class", "order", "group", "files" }

--- What the file says, or nil and what is wrong with it. null counts as absent.
return function(path)
  local value, message = read_json(path)
  if not value then return nil, message end
  for _, name in ipairs(ours) do value[name] = nil end
  for name, wanted in next, types do
    local found = value[name]
    if found == core.json.null then
      value[name] = nil
    elseif found ~= nil and not wanted[1](found) then
      return nil, ("run.json: %s: expected %s, found %s"):format(name, wanted[2], core.json.encode(found):sub(1, 40))
    end
  end
  if not value.status then return nil, "run.json: it has no status" end
  return value
end
