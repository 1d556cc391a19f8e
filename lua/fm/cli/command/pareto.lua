-- Quality against cost of a finished or interrupted run: every solver, number of steps and
-- tolerance, tried from its last checkpoint.
local fm <const> = require "fm"
local again <const> = require "fm.run.again"
local command_line <const> = require "fm.cli.command_line"
local layout <const> = require "fm.cli.terminal.layout"
local measured <const> = require "fm.run.pareto_measured"
local open <const> = require "fm.cli.recorded_run"
local option_reader <const> = require "fm.cli.option_reader"
local painter <const> = require "fm.cli.terminal.paint"
local pareto <const> = require "fm.records.pareto"
local printable <const> = require "fm.parts.printable"
local quoted <const> = require "fm.parts.shell_word"
local records <const> = require "fm.records.runs"
local run_screen <const> = require "fm.cli.terminal.run_screen"
local scripts <const> = require "fm.cli.scripts"
local words <const> = require "fm.records.words"

local exit <const> = command_line.exit
local usual_most <const> = 128 -- evaluations of a setting

local function solvers_of(line)
  if not line.solvers then return nil end
  local list = {}
  for name in line.solvers:gmatch "[^,]+" do list[#list + 1] = name end
  if #list == 0 then line.refuse "--solvers: expected names, as in euler,rk4" end
  return list
end

--- The settings that were asked for, ordered among themselves; those of the front alone unless
--- `all`.
local function chosen(found, asked, all)
  local list, shown = {}, {}
  for _, s in ipairs(found.settings) do
    if asked[pareto.title(s)] then list[#list + 1] = s end
  end
  pareto.order(list)
  for _, s in ipairs(list) do
    if all or not s.dominated then shown[#shown + 1] = s end
  end
  return shown, list
end

local function print_json(found, shown, path)
  local list = fm.json.array {}
  for i, s in ipairs(shown) do
    list[i] = { method = s.method, steps = s.steps, tolerance = s.tolerance, nfe = s.nfe, value = s.value, seconds = s.seconds, note = pareto.note(s),
      dominated = s.dominated }
  end
  print(fm.json.encode { run = path, step = found.step, name = found.name, floor = found.floor, floor_deviation = found.floor_deviation, settings = list })
end

local function print_table(found, shown, list, line)
  local columns = { { title = "SOLVER" }, { title = "NFE", right = true }, { title = found.name, right = true, flexible = true },
    { title = "SECONDS", right = true, rank = 1 }, line.all and { title = "FRONT" } or nil }
  local rows, paint = {}, painter(1, line.color)
  for i, s in ipairs(shown) do
    local texts = { pareto.title(s), s.nfe and tostring(s.nfe) or "", s.value and words.value(s.value) or pareto.note(s),
      s.seconds and ("%.2f"):format(s.seconds) or "", line.all and (s.dominated and "" or "yes") or nil }
    rows[i] = {}
    for k, text in ipairs(texts) do rows[i][k] = { text = text, color = s.dominated and "dim" or nil } end
  end
  print(table.concat(layout.table(columns, rows, { columns = layout.columns(), paint = paint }), "\n"))
  print(paint("dim", printable.line(pareto.facts(found, list))))
end

local function tell_files(path)
  local names = {}
  for i, name in ipairs { "pareto.csv", "pareto.png" } do names[i] = path .. "/" .. name end
  io.stderr:write(printable.line(table.concat(names, "  ")), "\n")
end

local function advice_of(path)
  return ("fmrun pareto --force %s asks it nevertheless"):format(quoted(path))
end

--- The script of the run is called again, and what it says is measured. Returns how that ended, and
--- what was found.
local function ask(record, line, how)
  local path = record.path
  local run = open(record, { force = line.force, kept_code = line.kept_code, quiet = line.quiet, argv = line.argv, advice = advice_of(path),
    command = "pareto" })
  local found, asked
  local function measure(what, about) found, asked = measured.all(what, about, how) end
  local status, message = scripts.within(run.script, again, run.script.experiment, run.values, { path = path, force = line.force,
    code = run.script.files, copies = run.script.copies, commit = false, listener = how.screen, advice = advice_of }, measure)
  return status, message, found, asked
end

return {
  help = "quality against evaluations of a run's model, for every solver, steps and tolerance", usage = "fmrun pareto RUN [options]", takes = "run",
  examples = { "fmrun pareto @-1", "fmrun pareto 7f3a --nfe 20 --solvers euler,heun,dopri5 --all" },
  options = {
    { "--nfe", name = "nfe", value = "MAX", help = ("the most evaluations of the model that a setting may take (%d)"):format(usual_most) },
    { "--solvers", name = "solvers", value = "A,B", help = "only these, one beside the script included" },
    { "-a", "--all", name = "all", help = "print the dominated settings too" },
    { "--json", name = "json", help = "one JSON object" },
    { "--anew", name = "anew", help = "measure again what was measured before" },
    { "-f", "--force", name = "force", help = "ask the script though it, its config or its data has changed" },
    { "--kept-code", name = "kept_code", help = "call the copies of the Lua files that the run keeps, not the files as they are now" },
    "runs", "threads", "quiet", "color",
  },
  run = function(line)
    if #line.words ~= 1 then line.refuse(("expected one run, found %d"):format(#line.words)) end
    local how = { most = option_reader.whole("--nfe", line.nfe, 1, line.refuse) or usual_most, solvers = solvers_of(line), anew = line.anew,
      screen = run_screen.new { quiet = line.quiet, color = line.color } }
    require "fm.cli.threads".set(line.threads)
    local record = records.expect(records.find(command_line.runs(line), line.words[1]))
    how.path = record.path
    local status, message, found, asked = ask(record, line, how)
    how.screen:clear()
    if status == "killed" then
      how.screen:warn(("%s; what was measured is kept, and the same command goes on"):format(message))
      return exit.saved
    end
    if status == "refused" then line.refuse(message) end
    if status ~= "answered" then error({ message = message, exit = exit.failed }, 0) end
    local shown, list = chosen(found, asked, line.all)
    if line.json then return print_json(found, shown, record.path) end
    print_table(found, shown, list, line)
    if not line.quiet then tell_files(record.path) end
  end,
}
