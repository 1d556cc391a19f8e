-- The `card` of an experiment: a published protocol, its numbers, and the parameters that each row
-- of the published table takes. It is checked when the experiment is made; `fmrun card` runs it.
--   card(given, list) -> { title, source, seeds, data, protocol = { { name, text } },
--     results = { { key, label, floor, better } },
--     rows = { { name, params, values, because, published = { key = { value, error } } } } }
-- list: the declared parameters. values: those of a whole run, but for the seed.
local nearest <const> = require "fm.parts.nearest"
local parameters <const> = require "fm.run.parameters"
local sorted_keys <const> = require "fm.parts.sorted_keys"

local function fail(message, ...)
  error(message:format(...), 0)
end

--- Checks the fields of `given` against wanted: name -> type, or a type with "?" at its end for a
--- field that may be absent.
local function check_fields(given, wanted, where)
  if type(given) ~= "table" then fail("%s: expected a table, found %s", where, type(given)) end
  for key in pairs(given) do
    if not wanted[key] then fail('%s: unknown field "%s"%s', where, tostring(key), nearest.advice(tostring(key), sorted_keys(wanted))) end
  end
  for _, key in ipairs(sorted_keys(wanted)) do
    local kind, optional = wanted[key]:match "^(%l+)(%??)$"
    local found = given[key]
    if found == nil and optional == "" then fail("%s: %s is missing: expected a %s", where, key, kind) end
    if found ~= nil and type(found) ~= kind then fail("%s: %s: expected a %s, found %s", where, key, kind, type(found)) end
  end
end

--- Raises unless a table is a list with something in it.
local function check_list(list, where)
  if #list == 0 then fail("%s: expected a list, found none", where) end
  for key in pairs(list) do
    if math.type(key) ~= "integer" or key < 1 or key > #list then fail("%s: expected a list, found the field %s", where, tostring(key)) end
  end
end

local function is_finite(value)
  return math.type(value) ~= nil and value - value == 0
end

local function read_protocol(given)
  check_list(given, "protocol")
  for i, pair in ipairs(given) do
    if type(pair) ~= "table" or type(pair[1]) ~= "string" or type(pair[2]) ~= "string" or #pair ~= 2 then
      fail('protocol[%d]: expected two texts, as in { "solver", "one Euler step" }', i)
    end
  end
  return given
end

--- The results of a card, as a list and by key.
local function read_results(given)
  check_list(given, "results")
  local list, by_key = {}, {}
  for i, entry in ipairs(given) do
    local where = ("results[%d]"):format(i)
    if type(entry) ~= "table" or type(entry[1]) ~= "string" or type(entry[2]) ~= "string" then
      fail('%s: expected { "name in the summary", "what it is" }', where)
    end
    check_fields({ floor = entry.floor, better = entry.better }, { floor = "string?", better = "string?" }, where)
    for key in pairs(entry) do
      if not (key == 1 or key == 2 or key == "floor" or key == "better") then
        fail('%s: unknown field "%s"%s', where, tostring(key), nearest.advice(tostring(key), { "floor", "better" }))
      end
    end
    local better = entry.better or "lower"
    if better ~= "lower" and better ~= "higher" then fail('%s: better: expected "lower" or "higher", found "%s"', where, better) end
    if by_key[entry[1]] then fail("%s: %s is there twice", where, entry[1]) end
    list[i] = { key = entry[1], label = entry[2], floor = entry.floor, better = better }
    by_key[entry[1]] = list[i]
  end
  return list, by_key
end

local function read_published(key, given, where)
  local value, deviation = nil, nil
  if type(given) == "table" then value, deviation = given[1], given[2] end
  if not is_finite(value) or not (deviation == nil or is_finite(deviation) and deviation >= 0) or #given > 2 then
    fail("%s: %s: expected { value } or { value, error }, numbers and the error >= 0", where, key)
  end
  return { value + 0.0, deviation and deviation + 0.0 }
end

local function read_row(given, i, list, by_key)
  local where = ("rows[%d]"):format(i)
  if type(given) ~= "table" or type(given[1]) ~= "string" or type(given[2]) ~= "table" then
    fail('%s: expected { "name", { parameters }, result = { value, error } }', where)
  end
  local row = { name = given[1], params = {}, because = given.because, published = {} }
  where = ("%s (%s)"):format(where, row.name)
  if row.because ~= nil and type(row.because) ~= "string" then fail("%s: because: expected a text, found %s", where, type(row.because)) end
  if given[2].seed ~= nil then fail("%s: seed: the card runs every row with its seeds", where) end
  local problem
  row.values, problem = parameters.recorded(list, given[2])
  if not row.values then fail("%s: %s", where, problem) end
  for key in pairs(given[2]) do row.params[key] = row.values[key] end
  row.values.seed = nil
  for key, value in pairs(given) do
    if by_key[key] then
      row.published[key] = read_published(key, value, where)
    elseif key ~= 1 and key ~= 2 and key ~= "because" then
      fail('%s: unknown result "%s"%s', where, tostring(key), nearest.advice_or_all(tostring(key), sorted_keys(by_key)))
    end
  end
  return row
end

local function is_same(a, b)
  for key, value in pairs(a) do
    if b[key] ~= value then return false end
  end
  return true
end

--- The rows; two of them may have neither the same name nor the same parameters.
local function read_rows(given, list, by_key)
  check_list(given, "rows")
  local rows = {}
  for i, entry in ipairs(given) do
    rows[i] = read_row(entry, i, list, by_key)
    for k = 1, i - 1 do
      if rows[k].name == rows[i].name then fail('rows[%d] and rows[%d] are both called "%s"', k, i, rows[i].name) end
      if is_same(rows[k].values, rows[i].values) then fail("rows[%d] and rows[%d] have the same parameters", k, i) end
    end
  end
  return rows
end

local fields <const> = { title = "string", source = "string", seeds = "number", data = "function", protocol = "table", results = "table", rows = "table" }

return function(given, list)
  check_fields(given, fields, "card")
  if math.type(given.seeds) ~= "integer" or given.seeds < 1 then fail("card: seeds: expected a whole number >= 1, found %s", tostring(given.seeds)) end
  local ok, made = pcall(function()
    local results, by_key = read_results(given.results)
    return { title = given.title, source = given.source, seeds = given.seeds, data = given.data, protocol = read_protocol(given.protocol),
      results = results, rows = read_rows(given.rows, list, by_key) }
  end)
  if not ok then fail("card: %s", made) end
  return made
end
