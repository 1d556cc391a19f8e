-- The runs so far, one a line, the newest last.
local fm <const> = require "fm"
local command_line <const> = require "fm.cli.command_line"
local describe <const> = require "fm.records.describe"
local filter <const> = require "fm.records.filter"
local layout <const> = require "fm.cli.terminal.layout"
local painter <const> = require "fm.cli.terminal.paint"
local records <const> = require "fm.records.runs"
local selection <const> = require "fm.cli.selection"
local spikes <const> = require "fm.records.spikes"

local nothing <const> = 3

local function is_well(record)
  return record.status == "done" or record.status == "running"
end

--- The records that the options choose; raises { usage }.
local function choose(list, line)
  local kept = {}
  for _, record in ipairs(selection.choose(list, line)) do
    if not (line.failed and is_well(record)) and (not line.status or record.status == line.status) then kept[#kept + 1] = record end
  end
  if not line.sort then return kept end
  local message = filter.unknown(list, (line.sort:gsub("^%-", "")))
  if message then line.refuse("--sort: " .. message) end
  return filter.sort(kept, line.sort)
end

local function several_experiments(list)
  for _, record in ipairs(list) do
    if record.experiment ~= list[1].experiment then return true end
  end
  return false
end

--- What came out, with the spikes of the losses before it.
local function results_of(record, telling)
  local list, count = describe.result_words(record, telling), spikes.count(record) or 0
  if count > 0 then table.insert(list, 1, "spikes=" .. count) end
  return list
end

local function print_table(list, line)
  local now, names, mixed = os.time(), describe.short_names(list), several_experiments(list)
  local columns = { { title = "RUN" }, { title = "STATUS" }, { title = "AGE", right = true, rank = 2 },
    { title = "TIME", right = true, rank = 3 }, { title = "CHANGED", flexible = true, rank = 1 }, { title = "RESULTS", flexible = true } }
  if mixed then table.insert(columns, 2, { title = "EXPERIMENT", flexible = true }) end
  local rows, varying = {}, describe.varying(list)
  for i, record in ipairs(list) do
    local telling = varying[record.experiment]
    local row = { names[i], { text = record.status, color = describe.colors[record.status] }, describe.age(record, now),
      describe.took(record, now), { items = describe.changed_words(record, telling) },
      { items = results_of(record, telling), color = record.error and "red" } }
    if mixed then table.insert(row, 2, record.experiment) end
    rows[i] = row
  end
  local lines, left_out = layout.table(columns, rows, { columns = layout.columns(), paint = painter(1, line.color) })
  if #left_out > 0 then
    local told = layout.wrap(("left out: %s (--json has all)"):format(table.concat(left_out, ", ")), layout.columns())
    table.move(told, 1, #told, #lines + 1, lines)
  end
  io.stdout:write(table.concat(lines, "\n"), "\n")
end

local function print_json(list)
  for _, record in ipairs(list) do io.stdout:write(fm.json.encode(describe.plain(record)), "\n") end
end

return {
  help = "list the runs: status, age, what was changed, what came out", usage = "fmrun ls [EXPERIMENT|SWEEP|RUN...] [options]", takes = "run",
  options = {
    { "--failed", name = "failed", help = "only those that failed, diverged, were killed, are lost or damaged" },
    { "--status", name = "status", value = "STATUS", help = "only those with this status",
      choices = { "done", "running", "failed", "diverged", "killed", "lost", "damaged" } },
    { "--where", name = "where", value = "CONDITION", many = true, help = "only runs that meet the condition: 'lr<1e-3', 'age<2h'; several must all hold" },
    { "--sort", name = "sort", value = "NAME", help = "sort by a parameter, a result or a field, ascending; -NAME: descending" },
    { "--json", name = "json", help = "one JSON object per run" }, "runs", "color",
  },
  examples = { "fmrun ls toy2d_moons --where 'lr<1e-3' --sort w2", "fmrun ls --failed", "fmrun ls --json | jq -r .path" },
  run = function(line)
    local base = command_line.runs(line)
    local list = #line.words == 0 and records.list(base) or records.expect(records.select(base, line.words))
    local chosen = choose(list, line)
    if #chosen == 0 then
      local why = #list == 0 and ("there are no runs in %s"):format(base) or selection.none(list)
      error({ message = why, exit = nothing }, 0)
    end
    local show = line.json and print_json or print_table
    show(chosen, line)
  end,
}
