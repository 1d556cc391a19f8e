-- Logged metrics for other programs: CSV on stdout, or TensorBoard's event files, which also hold
-- the results and the pictures.
local fm <const> = require "fm"
local command_line <const> = require "fm.cli.command_line"
local csv <const> = require "fm.records.csv"
local describe <const> = require "fm.records.describe"
local folders <const> = require "fm.run.folder"
local logged <const> = require "fm.records.logged"
local printable <const> = require "fm.parts.printable"
local records <const> = require "fm.records.runs"
local quoted <const> = require "fm.parts.shell_word"
local tensorboard <const> = require "fm.records.tensorboard"
local words <const> = require "fm.records.words"

local function rows_of(record)
  local rows, names, damaged, problem = logged.rows(record.path .. "/metrics.jsonl")
  if problem then error({ message = problem, exit = 1 }, 0) end
  if damaged > 0 then io.stderr:write(printable.line(("%s: %s of metrics.jsonl left out"):format(record.name, words.count(damaged, "damaged line"))), "\n") end
  return rows, names
end

-- ---- csv ----

--- The columns: step and every name that some run has, and the run's name when there are several.
local function to_csv(list)
  local runs, seen = {}, {}
  for i, record in ipairs(list) do
    local rows, names = rows_of(record)
    runs[i] = rows
    for _, name in ipairs(names) do seen[name] = true end
  end
  local names = describe.keys(seen)
  table.insert(names, 1, "step")
  local first = #list > 1 and 1 or 0
  local header = table.move(names, 1, #names, first + 1, { "run" })
  io.stdout:write(printable.data(csv.line(header, #header)))
  for i, rows in ipairs(runs) do
    for _, row in ipairs(rows) do
      local cells = { list[i].name }
      for j, name in ipairs(names) do cells[first + j] = row[name] end
      io.stdout:write(printable.data(csv.line(cells, #header)))
    end
  end
end

-- ---- TensorBoard ----

--- The wall clock at a step, from the start of the run and the marks of timing.jsonl.
local function clock_of(record)
  local began, marks, at = describe.epoch(record.started) or 0, {}, 1
  for _, row in ipairs((logged.rows(record.path .. "/timing.jsonl"))) do
    if math.type(row.step) and math.type(row.seconds) then marks[#marks + 1] = row end
  end
  return function(step)
    while marks[at + 1] and marks[at].step < step do at = at + 1 end
    local mark, former = marks[at], marks[at - 1] or { step = 0, seconds = 0 }
    if not mark or mark.step == former.step then return began end
    return began + former.seconds + (mark.seconds - former.seconds) * math.min(1, (step - former.step) / (mark.step - former.step))
  end
end

local most_of_a_picture <const> = 64 << 20 -- bytes

--- The bytes of the event file of a run.
local function events_of(record)
  local clock, parts = clock_of(record), { tensorboard.version(describe.epoch(record.started) or 0) }
  for i, row in ipairs((rows_of(record))) do
    local step = math.tointeger(row.step) or i
    row.step = nil
    parts[#parts + 1] = tensorboard.scalars(clock(step), step, row)
  end
  local last = record.steps or 0
  local results = {}
  for name, value in pairs(record.summary) do results["summary/" .. name] = value end
  parts[#parts + 1] = tensorboard.scalars(clock(last), last, results)
  local files = {}
  for _, name in ipairs(records.names_in(record.path)) do files[name] = name:match "^(.*)%.png$" end
  for _, name in ipairs(describe.keys(files)) do
    local bytes = fm.file.read(record.path .. "/" .. name, most_of_a_picture)
    parts[#parts + 1] = bytes and tensorboard.picture(clock(last), last, files[name], bytes)
  end
  return table.concat(parts)
end

--- A folder for the run inside of `into`, also for a run that is named by a path like
--- ../other/runs/moons/...
local function folder_for(record, into)
  local parts = { into }
  for part in record.name:gmatch "[^/]+" do
    if part ~= "." and part ~= ".." then parts[#parts + 1] = part end
  end
  return table.concat(parts, "/")
end

local function to_tensorboard(list, into)
  for _, record in ipairs(list) do
    local folder = folder_for(record, into)
    local ok, message = folders.make_parents(folder)
    local path = ("%s/events.out.tfevents.%010d.fmrun"):format(folder, (describe.epoch(record.started) or 0) // 1 | 0)
    if ok then ok, message = fm.file.write(path, events_of(record)) end
    if not ok then error({ message = message, exit = 1 }, 0) end
    print(printable.data(path))
  end
  io.stderr:write(("look with: tensorboard --logdir %s\n"):format(printable.line(quoted(into))))
end

return {
  help = "metrics as CSV, or as event files of TensorBoard", usage = "fmrun export RUN... --to csv|tensorboard", takes = "run",
  options = {
    { "--to", name = "to", value = "FORMAT", choices = { "csv", "tensorboard" }, help = "csv (to stdout) or tensorboard (into a folder)" },
    { "--into", name = "into", value = "DIR", help = "folder for the event files (tensorboard)" }, "runs",
  },
  examples = { "fmrun export @-1 --to csv >metrics.csv", "fmrun export 7f3a --to tensorboard && tensorboard --logdir tensorboard" },
  run = function(line)
    if #line.words == 0 then line.refuse "expected the runs to export" end
    if not line.to then line.refuse "say --to csv or --to tensorboard" end
    local list = records.expect(records.select(command_line.runs(line), line.words))
    if line.to == "csv" then to_csv(list) else to_tensorboard(list, line.into or "tensorboard") end
  end,
}
