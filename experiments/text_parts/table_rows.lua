-- table_rows.of(list, shown) -> what runs of text experiments were measured to be: a list with
-- { name, rows, samples, commands } for each text; the runs that count; and how many others there
-- are, by status. Runs that differ in more than text, judge and seed have rows of their own. Of two
-- runs alike the later one counts.
--   rows       cells under table_rows.columns, means over seeds ± half of the 95 % interval; the
--              first row is held-out text itself, windows as those of the last row
--   samples    { of, text }: `shown` of each, of the first seed
--   commands   that make these runs again
local fm <const> = require "fm"

local table_rows <const> = {}

table_rows.columns = { "", "held out, bits", "over yardstick", "samples, bits", "entropy", "new 4-grams", "words", "parameters", "minutes" }

local own <const> = { text = true, judge = true, seed = true }

--- "text_discrete source=uniform": the experiment, and what was changed.
local function name_of(run)
  local words = { run.experiment }
  for key, value in pairs(run.config) do -- in order
    if not own[key] and (run.defaults or {})[key] ~= value then words[#words + 1] = ("%s=%s"):format(key, tostring(value)) end
  end
  return table.concat(words, " ")
end

local function base_name(path) return path:match "[^/]*$" end

--- text -> name -> seed -> run
local function grouped(list)
  local texts, others, counted = {}, {}, {}
  local function other(status) others[status] = (others[status] or 0) + 1 end
  for i = #list, 1, -1 do -- the latest first
    local run = list[i]
    if type(run.config.text) == "string" and run.experiment:find "^text_" then
      local text, name = base_name(run.config.text), name_of(run)
      texts[text] = texts[text] or {}
      local group = texts[text][name] or {}
      if run.status ~= "done" or not math.type(run.summary.entropy_1) then other(run.status)
      elseif group[run.seed] then other "made again"
      else
        texts[text][name], group[run.seed] = group, run
        table.insert(counted, 1, run)
      end
    end
  end
  return texts, counted, others
end

local function seeds_of(group)
  local list = {}
  for seed in pairs(group) do list[#list + 1] = seed end
  table.sort(list)
  return list
end

--- The mean of value(run) over the runs of a group that have one, as a text.
local function mean(group, value)
  local values = {}
  for _, seed in ipairs(seeds_of(group)) do
    local x = value(group[seed])
    if math.type(x) then values[#values + 1] = x end
  end
  return fm.mean_over_seeds(values).text or ""
end

local function result(key)
  return function(run) return run.summary[key] end
end

--- What it costs, over what the yardstick needs for the same windows. Both are of the same windows
--- only when these are of the same length, which those of the yardstick itself are.
local function over_yardstick(run)
  local s = run.summary
  if run.experiment ~= "text_baseline" and s.held_out_bits and s.bits_text then return s.held_out_bits / s.bits_text end
end

local function row_of(name, group, suffix)
  local cells = { name, suffix == "" and mean(group, result "held_out_bits") or "", suffix == "" and mean(group, over_yardstick) or "" }
  for _, key in ipairs { "bits", "entropy_2", "novel_4", "words" } do cells[#cells + 1] = mean(group, result(key .. suffix)) end
  cells[#cells + 1] = suffix == "" and group[seeds_of(group)[1]].summary.parameters or ""
  cells[#cells + 1] = suffix == "" and mean(group, function(run) return run.seconds and run.seconds / 60 end) or ""
  return cells
end

--- The first lines of a run's samples.csv, a column of texts.
local function samples_of(run, most)
  local list, file = {}, io.open(run.path .. "/samples.csv")
  if not file then return list end
  file:read "l"
  for line in file:lines() do
    if #list >= most then break end
    list[#list + 1] = line:match '^"(.*)"$' and line:match '^"(.*)"$':gsub('""', '"') or line
  end
  file:close()
  return list
end

local function of_text(name, groups, shown)
  local found, names = { name = name, rows = {}, samples = {}, commands = {} }, {}
  for group in pairs(groups) do names[#names + 1] = group end
  table.sort(names)
  for i, own_name in ipairs(names) do
    local group = groups[own_name]
    local seeds = seeds_of(group)
    if i == #names then table.insert(found.rows, 1, row_of("held-out text", group, "_text")) end
    found.rows[#found.rows + 1] = row_of(own_name, group, "")
    for _, text in ipairs(samples_of(group[seeds[1]], shown)) do table.insert(found.samples, { own_name, text }) end
    local script, changed = own_name:match "^(%S+)(.*)$"
    local judge = group[seeds[1]].config.judge
    found.commands[i] = ("fmrun -m experiments/%s.lua text=%s%s%s seed=%s"):format(script, name, judge and judge ~= "" and " judge=" .. base_name(judge) or "",
      changed, table.concat(seeds, ","))
  end
  return found
end

function table_rows.of(list, shown)
  local texts, counted, others = grouped(list)
  local names, found = {}, {}
  for name, groups in pairs(texts) do
    if next(groups) then names[#names + 1] = name end
  end
  table.sort(names)
  for i, name in ipairs(names) do found[i] = of_text(name, texts[name], shown) end
  return found, counted, others
end

return table_rows
