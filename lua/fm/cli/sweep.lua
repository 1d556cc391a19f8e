-- A sweep from its plan to its exit code. Repeating the same command runs only what is not done.
local code_files <const> = require "fm.run.code_files"
local command_line <const> = require "fm.cli.command_line"
local commit_of <const> = require "fm.run.commit"
local events <const> = require "fm.cli.events"
local folder <const> = require "fm.sweep.folder"
local option_reader <const> = require "fm.cli.option_reader"
local printable <const> = require "fm.parts.printable"
local quoted <const> = require "fm.parts.shell_word"
local recorded <const> = require "fm.cli.recorded_script"
local sorted_keys <const> = require "fm.parts.sorted_keys"
local sweep_json <const> = require "fm.records.sweep_json"
local words <const> = require "fm.records.words"

local system <const> = require "fm.core".system
local sweep <const> = {}
local exit <const> = command_line.exit

-- ---- options ----

local units <const> = { [""] = 1, s = 1, m = 60, h = 3600, d = 86400 }

--- "90", "90s", "1.5m", "2h", "1d" as seconds.
local function duration(text)
  if not text then return nil end
  local number, unit = text:match "^([%d.]+)(%a?)$"
  local seconds = tonumber(number) and units[unit] and tonumber(number) * units[unit]
  if not seconds or seconds <= 0 then option_reader.refuse(('--timeout: expected a time such as 90s, 30m or 2h, found "%s"'):format(text)) end
  return seconds
end

local function jobs_of(line, threads)
  if not line.jobs or line.jobs == "auto" then return math.max(1, require "fm.run.cores"() // threads) end
  local n = line.jobs:find "^%d+$" and math.tointeger(tonumber(line.jobs))
  if not n or n < 1 then option_reader.refuse(('-j: expected a whole number >= 1 or auto, found "%s"'):format(line.jobs)) end
  return n
end

--- The words for a worker that come from the command line.
local function passed_on(line)
  local list = {}
  for _, name in ipairs { "threads", "shares", "checkpoint_every", "checkpoint_seconds", "keep_last", "force", "anew", "kept_code" } do
    local flag = "--" .. name:gsub("_", "-")
    if line[name] == true then list[#list + 1] = flag elseif line[name] and line[name] ~= "auto" then list[#list + 1] = flag .. "=" .. line[name] end
  end
  return list
end

--- The settings from the options: jobs, threads of each, maxfail (nil: no limit), timeout (seconds
--- or nil), timeout_text, ranks (processes of a run, for --emit), words (for each worker). Raises
--- { usage }.
local function read_options(line)
  local function whole(name) return option_reader.whole("--" .. name, line[name], 1) end
  local threads = line.threads ~= "auto" and whole "threads" or 1
  return { jobs = jobs_of(line, threads), threads = threads, maxfail = whole "maxfail" or (line.fail_fast and 1) or nil, timeout = duration(line.timeout),
    ranks = whole "ranks", timeout_text = line.timeout and "--timeout " .. line.timeout, words = passed_on(line) }
end

-- ---- lists ----

local function refuse(message)
  io.stderr:write("fmrun: ", printable.lines(message), "\n")
  return exit.failed
end

local function unfinished(tasks)
  local list = {}
  for _, task in ipairs(tasks) do
    if task.record.status ~= "done" then list[#list + 1] = task end
  end
  return list
end

--- What -n prints for a single run: all its values, and that it is no sweep.
local function list_one(described, plan, line)
  print("001 " .. folder.label(sorted_keys(plan.fixed), { changed = plan.fixed }, false))
  if not line.quiet then io.stderr:write(("1 run, in a folder of its own below %s\n"):format(printable.line(described.path:match "^(.*)/"))) end
  return exit.well
end

--- Prints the runs and their present status, one per line, on stdout.
local function list_runs(described, line)
  for i, task in ipairs(described.tasks) do
    if line.json then
      events.tell { event = "run", sweep_index = i, run = task.path, script = task.script, changed = task.changed, config = task.config,
        status = task.record.status }
    else
      print((("%03d %s%s"):format(i, task.label, task.record.status == "missing" and "" or "   (" .. printable.line(task.record.status) .. ")")))
    end
  end
  local size, left = words.count(#described.tasks, "run"), #unfinished(described.tasks)
  if not line.quiet then io.stderr:write(("%s in %s, %d to do\n"):format(size, printable.line(described.path), left)) end
  return exit.well
end

-- ---- running ----

--- The words after fmrun for a process that does one run of the sweep.
local function arguments_of(described, more)
  local pid = tostring(system.process())
  return function(task, channel)
    return { "worker", described.path, "--task", tostring(task.index), "--parent", pid, "--events", tostring(channel), "-q", table.unpack(more) }
  end
end

local function exit_code(result)
  if result.killed then return 128 + require "luv".constants[result.killed:upper()] end
  if result.interrupted then return exit.saved end
  return result.counts.failed == 0 and result.counts.killed == 0 and exit.well or exit.failed
end

--- Runs these tasks of a described sweep. again: what to type to continue, if there is a command
--- for it. Returns an exit code.
local function run(described, todo, options, line, again)
  local screen <const> = require "fm.cli.terminal.sweep_screen".new(line, described)
  options.jobs, options.saved, options.arguments = math.max(1, math.min(options.jobs, #todo)), exit.saved, arguments_of(described, options.words)
  folder.tidy(described.tasks)
  screen:begin(options, #described.tasks - #todo)
  local result = require "fm.sweep.execute"(todo, options, screen)
  screen:sum_up(todo, result, again)
  return exit_code(result)
end

--- Whether the scripts of these tasks may be called; prints which they are, or why they may not.
local function may_call(path, record, todo, line)
  local seen = {}
  for _, task in ipairs(todo) do
    if not seen[task.script] then
      local problem = recorded.refusal_of_task(path, record, task, line.kept_code)
      if problem then return false, problem end
      local which = line.kept_code and "the copy that it keeps of " or ""
      if not line.quiet then io.stderr:write(printable.lines(("%s: its script is %s%s"):format(path, which, task.script)), "\n") end
      seen[task.script] = true
    end
  end
  return true
end

--- A worker without --task: does the runs of a sweep.json one at a time, until `most_failures` of
--- them have failed in a row. Other workers may work at the same sweep. Returns an exit code.
function sweep.work(path, record, line, most_failures)
  local options <const> = read_options(line)
  options.jobs, options.maxfail, options.in_a_row = 1, most_failures, true
  options.is_taken = function(task) return system.locked(task.path .. "/lock") end
  local described <const> = folder.of_record(path, record)
  local todo = {}
  for _, task in ipairs(unfinished(described.tasks)) do
    if task.record.status ~= "running" then todo[#todo + 1] = task end
  end
  local may, problem = may_call(path, record, todo, line)
  if not may then return refuse(problem) end
  return run(described, todo, options, line)
end

--- Writes the script for a scheduler. The lock of the sweep is held only while it is written.
local function hand_over(described, todo, options, line)
  if #todo == 0 then
    io.stderr:write(("fmrun: %s: every run is done\n"):format(printable.line(described.path)))
    return exit.nothing
  end
  local path = require "fm.cli.scheduler_script".write(line.emit, described, todo, options)
  local start = line.emit == "slurm" and "sbatch" or "sh"
  if not line.quiet then io.stderr:write(("%d runs of %d to do\nnext: %s %s\n"):format(#todo, #described.tasks, start, printable.line(quoted(path)))) end
  return exit.well
end

--- Goes on with an existing sweep: runs what is not done. Returns an exit code; raises { usage }.
function sweep.resume(path, line)
  local options <const> = read_options(line)
  local record, message = sweep_json.read_to_run(path)
  if not record then return refuse(message) end
  local own, problem = folder.own(path)
  if not own then return refuse(problem) end
  local closing <close> = own.lock
  local described <const> = folder.of_record(path, record)
  local todo <const> = unfinished(described.tasks)
  local may, why = may_call(path, record, todo, line)
  if not may then return refuse(why) end
  return run(described, todo, options, line, "fmrun resume " .. quoted(path))
end

--- Notes the commits that the scripts come from.
local function note_commits(described, list)
  local commits = {}
  for i, script in ipairs(list) do commits[i] = commit_of(script.path, script.files) or false end
  for i, found in ipairs(commits) do
    local entry = described.scripts[i]
    if found then entry.commit, entry.dirty = found.hash, found.wait() end
  end
end

--- Writes sweep.json, and copies of the scripts. Returns true, or nil and a message.
local function write(described, own, list, argv)
  note_commits(described, list)
  local wrote, problem = folder.write(described, own, command_line.text(argv))
  if not wrote then return nil, problem end
  for _, script in ipairs(list) do
    wrote, problem = pcall(code_files.keep, script.files, described.path)
    if not wrote then return nil, problem end
  end
  return true
end

--- plan: of expand. list: its scripts. Returns an exit code; raises { usage }.
function sweep.start(plan, list, line, argv)
  local options <const> = read_options(line)
  for _, script in ipairs(list) do
    if script.path == "-" then error({ usage = "a sweep needs its scripts in files, because every process reads them" }, 0) end
  end
  local described <const> = folder.describe(plan, list, command_line.runs(line), line.extra)
  if line.dry_run and not plan.is_sweep and not line.json then return list_one(described, plan, line) end
  if line.dry_run then return list_runs(described, line) end
  local own, message = folder.own(described.path)
  if not own then return refuse(message) end
  local closing <close> = own.lock
  local wrote, problem = write(described, own, list, argv)
  if not wrote then return refuse(problem) end
  local todo <const> = unfinished(described.tasks)
  if line.emit then return hand_over(described, todo, options, line) end
  return run(described, todo, options, line, command_line.text(argv))
end

return sweep
