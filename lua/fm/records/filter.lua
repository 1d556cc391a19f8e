-- Conditions on runs: "lr<1e-3", "status=failed", "summary.w2<=0.2". A name is a parameter, a
-- result, or a field of the record (status, seed, steps, experiment, name, spikes, age and time in
-- seconds or as 90s, 30m, 2h, 1d); `config.` and `summary.` choose when both have the name.
local describe <const> = require "fm.records.describe"
local nearest <const> = require "fm.parts.nearest"
local not_finite <const> = require "fm.records.not_finite"
local spikes <const> = require "fm.records.spikes"

local filter <const> = {}

local fields <const> = { "status", "seed", "steps", "spikes", "age", "time", "experiment", "name", "started", "ended", "script", "resumed", "peak_rss",
  "step_peak_bytes", "step_bytes", "host" }
local computed <const> = {
  age = function(record)
    local began = describe.epoch(record.started)
    return began and os.time() - began
  end,
  time = function(record) return record.seconds end,
  spikes = spikes.count,
}
local units <const> = { s = 1, m = 60, h = 3600, d = 86400 }

--- A value as a number if it is one; run.json writes numbers that are not finite as text.
local function number(value)
  if type(value) == "number" then return value end
  return not_finite[value]
end

--- The value of a name in a record, or nil.
function filter.value(record, name)
  local place, inner = name:match "^(%l+)%.(.+)$"
  if place == "config" or place == "summary" then return record[place][inner] end
  local value = record.config[name]
  if value == nil then value = record.summary[name] end
  if value == nil and computed[name] then return computed[name](record) end
  if value == nil and type(record[name]) ~= "table" then value = record[name] end
  return value
end

local compare <const> = {
  ["<"] = function(a, b) return a < b end,
  [">"] = function(a, b) return a > b end,
  ["<="] = function(a, b) return a <= b end,
  [">="] = function(a, b) return a >= b end,
  ["="] = function(a, b) return a == b end,
  ["!="] = function(a, b) return a ~= b end,
}
compare["=="], compare["~="] = compare["="], compare["!="]

--- Whether the relation holds between `found` and the text: compared as numbers when both are
--- numbers, else as text.
local function holds(relation, found, text)
  if found == nil then return false end
  local a, b = number(found), tonumber(text) or not_finite[text]
  if a and b then return compare[relation](a, b) end
  if a and type(found) == "number" or relation:find "[<>]" and b then return relation == "!=" or relation == "~=" end
  return compare[relation](tostring(found), text)
end

--- All names the records know.
function filter.names(list)
  local names, seen = table.move(fields, 1, #fields, 1, {}), {}
  for _, record in ipairs(list) do
    for _, values in ipairs { record.config, record.summary } do
      for name in pairs(values) do
        if not seen[name] then names[#names + 1] = name end
        seen[name] = true
      end
    end
  end
  return names
end

--- nil when some record has the name, or all records always do; otherwise an error message.
function filter.unknown(list, name)
  local bare = name:match "^%l+%.(.+)$" or name
  local names = filter.names(list)
  for _, known in ipairs(names) do
    if known == bare then return nil end
  end
  return ('no run has "%s"%s'):format(name, nearest.advice(bare, names))
end

--- { name, relation, text } of "lr<1e-3", or nil and a message.
function filter.parse(condition)
  local name, relation, text = condition:match "^%s*([%a_][%w_.]*)%s*([<>=!~]+)%s*(.-)%s*$"
  if not name or not compare[relation] then
    return nil, ('expected NAME<VALUE (also <= > >= = !=), found "%s"'):format(condition)
  end
  if text == "" and relation:find "[<>]" then return nil, ('expected NAME<VALUE, found "%s"'):format(condition) end
  local count, unit = text:match "^([%d.]+)([smhd])$"
  if computed[name] and tonumber(count) then text = tostring(tonumber(count) * units[unit]) end
  return { name = name, relation = relation, text = text }
end

--- The records for which all conditions hold.
function filter.apply(list, conditions)
  local kept = {}
  for _, record in ipairs(list) do
    local all = true
    for _, c in ipairs(conditions) do all = all and holds(c.relation, filter.value(record, c.name), c.text) end
    if all then kept[#kept + 1] = record end
  end
  return kept
end

--- Sorts by a name, upwards, or downwards with "-" before it; records without a value, or with nan,
--- come last. Equal ones keep their order.
function filter.sort(list, key)
  local down, name = key:match "^(%-?)(.*)$"
  local place, values = {}, {}
  for i, record in ipairs(list) do
    local value = filter.value(record, name)
    place[record], values[record] = i, number(value) or value
  end
  local function rank(value) -- numbers, then texts, then no value
    if type(value) == "number" and value == value then return 1 end
    return value ~= nil and type(value) ~= "number" and 2 or 3
  end
  table.sort(list, function(a, b)
    local u, v = values[a], values[b]
    local ru, rv = rank(u), rank(v)
    if ru ~= rv then return ru < rv end
    if ru == 2 then u, v = tostring(u), tostring(v) end
    if ru == 3 or u == v then return place[a] < place[b] end
    if down == "-" then return v < u end
    return u < v
  end)
  return list
end

return filter
