-- table_rows.of(list, shown) -> what runs of text experiments were measured to be: a list with
-- { name, rows, samples, commands } for each text; the runs that count; and how many others there
-- are, by status. Runs that differ in more than text, judge and seed have rows of their own. Of two
-- runs alike the later one counts, or the one that had a judge.
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

--- The latest first, but those of which a judge told the bits before all others.
local function in_order(list)
  local judged, rest = {}, {}
  for i = #list, 1, -1 do table.insert(list[i].summary.bits and judged or rest, list[i]) end
  return table.move(rest, 1, #rest, #judged + 1, judged)
end

--- path of a text -> name -> seed -> run
local function grouped(list)
  local texts, others, counted = {}, {}, {}
  local function other(status) others[status] = (others[status] or 0) + 1 end
  for _, run in ipairs(in_order(list)) do
    if type(run.config.text) == "string" and run.experiment:find "^text_" then
      local text, name = run.config.text, name_of(run)
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

--- The keys of a table, in order, as pairs walks them.
local function keys(found)
  local list = {}
  for key in pairs(found) do list[#list + 1] = key end
  return list
end

--- The mean of value(run) over the runs of a group that have one, as a text.
local function mean(group, value)
  local values = {}
  for _, run in pairs(group) do
    local x = value(run)
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

local counts <const> = { "bits", "entropy_2", "novel_4", "words" }

--- The same for every seed, so one run says it.
local function row_of_text(run)
  local cells = { "held-out text", "", "" }
  for _, key in ipairs(counts) do cells[#cells + 1] = mean({ run }, result(key .. "_text")) end
  cells[#cells + 1], cells[#cells + 2] = "", ""
  return cells
end

local function row_of(name, group, first)
  local cells = { name, mean(group, result "held_out_bits"), mean(group, over_yardstick) }
  for _, key in ipairs(counts) do cells[#cells + 1] = mean(group, result(key)) end
  cells[#cells + 1] = first.summary.parameters or ""
  cells[#cells + 1] = mean(group, function(run) return run.seconds and run.seconds / 60 end)
  return cells
end

--- The first lines of a run's samples.csv, a column of texts.
local function samples_of(run, most)
  local list, file <close> = {}, io.open(run.path .. "/samples.csv")
  if not file then return list end
  file:read "l"
  for line in file:lines() do
    if #list >= most then break end
    local quoted = line:match '^"(.*)"$'
    list[#list + 1] = quoted and quoted:gsub('""', '"') or line
  end
  return list
end

local function of_text(name, groups, shown)
  local found, names = { name = name, rows = {}, samples = {}, commands = {} }, keys(groups)
  local last <const> = groups[names[#names]]
  found.rows[1] = row_of_text(last[keys(last)[1]])
  for i, own_name in ipairs(names) do
    local group, seeds = groups[own_name], keys(groups[own_name])
    local first = group[seeds[1]]
    found.rows[i + 1] = row_of(own_name, group, first)
    for _, text in ipairs(samples_of(first, shown)) do table.insert(found.samples, { own_name, text }) end
    local script, changed = own_name:match "^(%S+)(.*)$"
    local judge = first.config.judge
    found.commands[i] = ("fmrun -m experiments/%s.lua text=%s%s%s seed=%s"):format(script, name, judge and judge ~= "" and " judge=" .. base_name(judge) or "",
      changed, table.concat(seeds, ","))
  end
  return found
end

function table_rows.of(list, shown)
  local texts, counted, others = grouped(list)
  local found, files = {}, {}
  for path, groups in pairs(texts) do
    local name = base_name(path)
    files[name] = (files[name] or 0) + 1
    if next(groups) then found[#found + 1] = of_text(files[name] > 1 and ("%s-%d"):format(name, files[name]) or name, groups, shown) end
  end
  return found, counted, others
end

return table_rows
