-- A table of runs: the parameters that differ and the results; mean and deviation over seeds.
local fm <const> = require "fm"
local command_line <const> = require "fm.cli.command_line"
local comparison <const> = require "fm.records.comparison"
local csv <const> = require "fm.records.csv"
local describe <const> = require "fm.records.describe"
local filter <const> = require "fm.records.filter"
local layout <const> = require "fm.cli.terminal.layout"
local nearest <const> = require "fm.parts.nearest"
local objective <const> = require "fm.records.objective"
local painter <const> = require "fm.cli.terminal.paint"
local printable <const> = require "fm.parts.printable"
local records <const> = require "fm.records.runs"
local value_of <const> = require "fm.records.value_of"
local words <const> = require "fm.records.words"

--- A result in a row, with the number of runs when not all have it.
local function result_text(row, name)
  local mean, deviation, count = row.summary[name], row.deviation[name], row.count[name]
  if mean == nil then return "" end
  local text = describe.value(mean)
  if deviation then text = table.concat { words.spread(mean, deviation) } end
  return count and count > 0 and count < row.seeds and ("%s (%d of %d)"):format(text, count, row.seeds) or text
end

local function name_of(row, names)
  if #row.runs == 1 then return names[row.runs[1]] end
  return row.seeds > 1 and ("%d seeds"):format(row.seeds) or ("%d alike"):format(#row.runs)
end

local function all_done(rows)
  for _, row in ipairs(rows) do
    for _, run in ipairs(row.runs) do
      if run.status ~= "done" then return false end
    end
  end
  return true
end

--- Which results are dropped first when a page is too narrow: those that were asked for and the
--- most telling one stay.
local function ranks(table_of)
  local rank = {}
  if table_of.asked then return rank end
  local after = #table_of.keys -- parameters tell the runs apart: they are dropped last
  for i, name in ipairs(objective.sort(table.move(table_of.metrics, 1, #table_of.metrics, 1, {}))) do rank[name] = i > 1 and after + i or nil end
  return rank
end

local function print_table(table_of, names, line)
  local columns = { { title = "RUN" } }
  local with_status = not all_done(table_of.rows)
  if table_of.mixed then table.insert(columns, { title = "EXPERIMENT", flexible = true }) end
  if with_status then table.insert(columns, { title = "STATUS" }) end
  if table_of.code_differs then table.insert(columns, { title = "CODE" }) end
  for i, key in ipairs(table_of.keys) do table.insert(columns, { title = key, right = true, flexible = true, rank = i > 1 and i or nil }) end
  local rank = ranks(table_of)
  for _, name in ipairs(table_of.metrics) do table.insert(columns, { title = name, right = true, rank = rank[name] }) end
  local rows = {}
  for i, row in ipairs(table_of.rows) do
    local cells = { name_of(row, names) }
    if table_of.mixed then table.insert(cells, row.experiment) end
    if with_status then table.insert(cells, { text = row.status, color = describe.colors[row.status] }) end
    if table_of.code_differs then table.insert(cells, row.code or "") end
    for _, key in ipairs(table_of.keys) do table.insert(cells, row.config[key] == nil and "" or describe.value(row.config[key])) end
    for _, name in ipairs(table_of.metrics) do table.insert(cells, result_text(row, name)) end
    rows[i] = cells
  end
  local width = layout.columns()
  local lines, left_out = layout.table(columns, rows, { columns = width, paint = painter(1, line.color) })
  print(table.concat(lines, "\n"))
  if #left_out == 0 then return end
  local told = ("%s left out: %s (--metric NAME chooses, --csv has all)"):format(words.count(#left_out, "column"), table.concat(left_out, ", "))
  for _, text in ipairs(layout.wrap(told, width)) do print(painter(1, line.color)("dim", text)) end
end

local function print_csv(table_of, names)
  local header = { "run", "experiment", "status" }
  if table_of.code_differs then header[#header + 1] = "code" end
  if table_of.over_seeds then header[#header + 1] = "seeds" end
  table.move(table_of.keys, 1, #table_of.keys, #header + 1, header)
  for _, name in ipairs(table_of.metrics) do
    header[#header + 1] = name
    if table_of.over_seeds then header[#header + 1] = name .. "_deviation" end
  end
  io.stdout:write(printable.data(csv.line(header, #header)))
  for _, row in ipairs(table_of.rows) do
    local cells, n = { name_of(row, names), row.experiment, row.status }, 3
    local function add(value)
      n = n + 1
      cells[n] = value
    end
    if table_of.code_differs then add(row.code) end
    if table_of.over_seeds then add(row.seeds) end
    for _, key in ipairs(table_of.keys) do add(row.config[key]) end
    for _, name in ipairs(table_of.metrics) do
      add(row.summary[name])
      if table_of.over_seeds then add(row.deviation[name]) end
    end
    io.stdout:write(printable.data(csv.line(cells, n)))
  end
end

local function print_json(table_of)
  for _, row in ipairs(table_of.rows) do
    local runs = {}
    for i, run in ipairs(row.runs) do runs[i] = run.name end
    local out = { runs = runs, seeds = row.seeds, code = row.code, experiment = row.experiment,
      status = row.status, config = row.config, summary = row.summary }
    if table_of.over_seeds then out.deviation, out.count = row.deviation, row.count end
    io.stdout:write(fm.json.encode(out), "\n")
  end
end

--- The metrics that were asked for, or nil.
local function asked_metrics(line)
  if not line.metric then return nil end
  local list = {}
  for i, text in ipairs(line.metric) do
    local parsed, problem = value_of.parse(text)
    if not parsed then line.refuse("--metric: " .. problem) end
    list[i] = parsed
  end
  return list
end

--- Refuses a name that is neither a result nor a logged metric; `runs` have been compared.
local function check_metrics(asked, line, runs)
  for _, metric in ipairs(asked or {}) do
    local known, is_result = false, false
    for _, run in ipairs(runs) do
      known = known or run.summary[metric.text] ~= nil
      is_result = is_result or run.summary[metric.name] ~= nil
    end
    if not known and is_result then
      line.refuse(('--metric: "%s" is one result of a run, and not logged at each step; write it without ":%s"'):format(metric.name,
        metric.text:sub(#metric.name + 2)))
    end
    if not known then
      local advice = nearest.advice(metric.name, comparison.names(runs))
      line.refuse(('--metric: no run has %s"%s"%s'):format(metric.how and "logged " or "", metric.name, advice))
    end
  end
end

return {
  help = "parameters against results, mean ± deviation over seeds", usage = "fmrun compare RUN|SWEEP|EXPERIMENT... [options]",
  takes = "run",
  options = {
    { "--metric", name = "metric", value = "NAME", many = true,
      help = "only this result, or the last logged value; loss:min, loss:last, loss:mean:100 are of what was logged; may come several times" },
    { "--sort", name = "sort", value = "NAME", help = "sort by a result or parameter, ascending; -NAME: descending" },
    { "--each", name = "each", help = "a row per run, no means over seeds" },
    { "--csv", name = "csv", help = "comma separated values" }, { "--json", name = "json", help = "one JSON object per row" }, "runs", "color",
  },
  examples = { "fmrun compare 7f3a --metric w2 --metric loss:mean:100 --sort w2", "fmrun compare toy2d_moons --csv >moons.csv" },
  run = function(line)
    if #line.words == 0 then line.refuse "expected the runs to compare" end
    local runs = records.expect(records.select(command_line.runs(line), line.words))
    local asked = asked_metrics(line)
    local table_of = comparison.of(runs, { metrics = asked, each = line.each })
    check_metrics(asked, line, runs)
    table_of.asked = asked ~= nil
    if line.sort then
      local message = filter.unknown(table_of.rows, (line.sort:gsub("^%-", "")))
      if message then line.refuse("--sort: " .. message) end
      filter.sort(table_of.rows, line.sort)
    end
    local names, short = {}, describe.short_names(runs)
    for i, run in ipairs(runs) do names[run] = short[i] end
    if line.json then return print_json(table_of) end
    local show = line.csv and print_csv or print_table
    show(table_of, names, line)
  end,
}
