-- The tables of a sweep: its runs, and their means over seeds. table.js sorts and filters them.
local html <const> = require "fm.report.html"
local not_finite <const> = require "fm.records.not_finite"
local objective <const> = require "fm.records.objective"
local paired <const> = require "fm.records.paired"
local seeds <const> = require "fm.records.seeds"
local spikes <const> = require "fm.records.spikes"
local words <const> = require "fm.records.words"

local runs_table <const> = {}

--- kind: "key", "summary", or none; the head of a column of numbers is aligned like them.
local function head(name, kind, numeric)
  local class = (kind or "") .. (numeric and " number" or "")
  return html.th { scope = "col", ["data-name"] = name, class = class, html.button { type = "button", name } }
end

--- Whether a value is a number; a result "nan" or "inf" is one too, but a parameter "nan" is a
--- text.
local function is_number(value, field)
  return math.type(value) ~= nil or field == "summary" and not_finite[value] ~= nil
end

local function is_numeric(things, field, name)
  for _, thing in ipairs(things) do
    local value = thing[field][name]
    if value ~= nil and not is_number(value, field) then return false end
  end
  return true
end

local function cell(value, field, best)
  if value == nil then return html.td { class = "none", "–" } end
  local class = (is_number(value, field) and "number" or "") .. (best and " best" or "")
  return html.td { class = class, ["data-value"] = tostring(value), title = tostring(value), words.value(value) }
end

--- Whether there is a column for spikes; a result of this name has its own.
local function has_spikes(sweep, names)
  for _, name in ipairs(names) do
    if name == "spikes" then return false end
  end
  return spikes.any(sweep.runs)
end

-- best: { run, name } of the objective: for other summaries it is unknown whether low or high is
-- good.
local function row(run, sweep, names, best, with_spikes)
  local cells = { html.td { class = "swatch " .. run.class, ["data-value"] = run.order, html.span {} },
    html.th { scope = "row", ["data-value"] = run.index, title = run.path, ("%03d"):format(run.index) },
    html.td { ["data-value"] = run.status, html.span { class = "status " .. run.status, run.status } } }
  if #sweep.experiments > 1 then cells[#cells + 1] = cell(run.experiment) end
  for _, key in ipairs(sweep.keys) do cells[#cells + 1] = cell(run.changed[key]) end
  for _, name in ipairs(names) do cells[#cells + 1] = cell(run.summary[name], "summary", run == best.run and name == best.name) end
  if with_spikes then cells[#cells + 1] = cell(spikes.count(run), "summary") end
  cells[#cells + 1] = cell(run.steps)
  cells[#cells + 1] = html.td { class = "number", ["data-value"] = run.seconds, words.seconds(run.seconds) or "–" }
  return html.tr { ["data-run"] = run.index, ["data-group"] = run.group and run.group.index, cells }
end

local function summary_names(runs)
  local names, seen = {}, {}
  for _, run in ipairs(runs) do
    for name in pairs(run.summary) do
      -- a summary that repeats a parameter says nothing new
      if not seen[name] and run.config[name] == nil then
        seen[name] = true
        names[#names + 1] = name
      end
    end
  end
  return objective.sort(names)
end

local function table_of(id, heads, rows)
  return html.div { class = "wide", html.table { id = id, class = "sortable", html.thead { html.tr { heads } }, html.tbody { rows } } }
end

--- The table of all runs. `best`: the best run, `chosen`: the objective, or nil.
function runs_table.runs(sweep, chosen, best)
  local names = summary_names(sweep.runs)
  local heads = { html.th { class = "swatch" }, head("run", nil, true), head "status" }
  if #sweep.experiments > 1 then heads[#heads + 1] = head "experiment" end
  for _, key in ipairs(sweep.keys) do heads[#heads + 1] = head(key, "key", is_numeric(sweep.runs, "changed", key)) end
  for _, name in ipairs(names) do heads[#heads + 1] = head(name, "summary", is_numeric(sweep.runs, "summary", name)) end
  local with_spikes = has_spikes(sweep, names)
  if with_spikes then heads[#heads + 1] = head("spikes", nil, true) end
  heads[#heads + 1], heads[#heads + 2] = head("steps", nil, true), head("seconds", nil, true)
  local rows = {}
  for i, run in ipairs(sweep.runs) do rows[i] = row(run, sweep, names, { run = best, name = chosen and chosen.name }, with_spikes) end
  return table_of("run-table", heads, rows)
end

-- ---- a row per group: runs that differ only in the seed ----

local function spread_cell(values)
  local mean, deviation, n = seeds.spread(values)
  if not mean then return html.td { class = "none", "–" } end
  local mean_text, deviation_text = words.spread(mean, deviation)
  return html.td { class = "number", ["data-value"] = mean, title = ("%s of %d"):format(mean, n), mean_text,
    html.span { class = "deviation", deviation_text or " of one" } }
end

--- The heads of the columns that tell the groups apart.
local function group_heads(sweep, groups)
  local heads = {}
  if #sweep.experiments > 1 then heads[1] = head "experiment" end
  for _, key in ipairs(sweep.keys) do
    if key ~= "seed" then heads[#heads + 1] = head(key, "key", is_numeric(groups, "changed", key)) end
  end
  return heads
end

--- The cells of a group under these heads.
local function group_cells(sweep, group)
  local cells = {}
  if #sweep.experiments > 1 then cells[1] = cell(group.experiment) end
  for _, key in ipairs(sweep.keys) do
    if key ~= "seed" then cells[#cells + 1] = cell(group.changed[key]) end
  end
  return cells
end

--- How many spikes each run of a group had.
local function counts_of(group)
  local list = {}
  for _, run in ipairs(group.runs) do list[#list + 1] = spikes.count(run) end
  return list
end

--- Mean and standard deviation of every numeric summary.
function runs_table.means(sweep, groups)
  local names = objective.names(sweep.runs)
  local heads = group_heads(sweep, groups)
  heads[#heads + 1] = head("runs", nil, true)
  for _, name in ipairs(names) do heads[#heads + 1] = head(name, "summary", true) end
  local with_spikes = has_spikes(sweep, names)
  if with_spikes then heads[#heads + 1] = head("spikes", nil, true) end
  local rows = {}
  for i, group in ipairs(groups) do
    local cells, done = group_cells(sweep, group), 0
    for _, run in ipairs(group.runs) do done = done + (run.status == "done" and 1 or 0) end
    local count = done == #group.runs and tostring(done) or ("%d of %d"):format(done, #group.runs)
    cells[#cells + 1] = html.td { class = "number", ["data-value"] = done, count }
    for _, name in ipairs(names) do cells[#cells + 1] = spread_cell(seeds.values(group, name)) end
    if with_spikes then cells[#cells + 1] = spread_cell(counts_of(group)) end
    rows[i] = html.tr { cells }
  end
  return table_of("mean-table", heads, rows)
end

--- The differences between the other arms and the best one, over the seeds that both have.
function runs_table.paired(sweep, groups, arm, chosen)
  local heads, rows = group_heads(sweep, groups), {}
  heads[#heads + 1], heads[#heads + 2] = head("seeds", nil, true), head(chosen.name, nil, true)
  heads[#heads + 1] = head("worse", nil, true)
  for _, group in ipairs(groups) do
    local d = group ~= arm and paired.difference(group, arm, chosen.name)
    if d then
      local cells = group_cells(sweep, group)
      local mean_text, error_text = words.spread(d.mean, d.error)
      cells[#cells + 1] = html.td { class = "number", ["data-value"] = d.count, d.count }
      cells[#cells + 1] = html.td { class = "number", ["data-value"] = d.mean, (d.mean > 0 and "+" or "") .. mean_text,
        html.span { class = "deviation", error_text or " of one" } }
      local worse = chosen.highest and d.lower or d.higher
      cells[#cells + 1] = html.td { class = "number", ["data-value"] = worse, ("%d of %d"):format(worse, d.count) }
      rows[#rows + 1] = html.tr { cells }
    end
  end
  if #rows == 0 then return nil end
  return html.join { html.p { class = "note", ("The mean over seeds of %s less that of the best arm (%s) with the same seed, ± its standard error."):format(
    chosen.name, arm.label) }, table_of("paired-table", heads, rows) }
end

return runs_table
