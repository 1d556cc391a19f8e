-- A sweep from its plan to its exit code. The same command again runs only what is not done.
local command_line <const> = require "fm.run.command_line"
local folder <const> = require "fm.run.sweep.folder"
local settings <const> = require "fm.run.sweep.settings"

local sweep <const> = {}
local nothing_matched <const> = 3 -- exit code

--- "fmrun -m x.lua 'note=a b'": the command as it can be typed again.
local function command_text(argv)
  local words = {}
  for i = 0, #argv do words[i + 1] = argv[i]:find "^[%w_@%%+=:,./-]+$" and argv[i] or "'" .. argv[i]:gsub("'", "'\\''") .. "'" end
  return table.concat(words, " ")
end

local function unfinished(tasks)
  local list = {}
  for _, task in ipairs(tasks) do
    if task.record.status ~= "done" then list[#list + 1] = task end
  end
  return list
end

--- The runs and what has become of them so far, one a line on stdout.
local function list_runs(described, line)
  for i, task in ipairs(described.tasks) do
    if line.json then
      print(require "fm".json.encode { schema = 1, event = "run", sweep_index = i, run = task.path, script = task.script, changed = task.changed,
        config = task.config, status = task.record.status })
    else
      print((("%03d %s%s"):format(i, task.label, task.record.status == "missing" and "" or "   (" .. task.record.status .. ")")))
    end
  end
  if not line.quiet then io.stderr:write(("%d runs in %s, %d to do\n"):format(#described.tasks, described.path, #unfinished(described.tasks))) end
  return 0
end

--- What a process of its own goes on with: the runs of a sweep.json, one at a time, as long as no `most_failures` of them fail in a row.
--- Other workers may be at the same sweep. Returns an exit code.
function sweep.work(path, record, line, most_failures)
  local described <const> = folder.of_record(path, record)
  local screen <const> = require "fm.run.sweep.screen".new(line, described)
  local todo <const> = unfinished(described.tasks)
  screen:begin(described, 1, #described.tasks - #todo)
  return require "fm.run.sweep.supervise"(described, todo, { jobs = 1, maxfail = most_failures, in_a_row = true }, screen)
end

--- Writes the script for a scheduler; the lock was ours for as long as that takes.
local function hand_over(described, todo, options, line)
  if #todo == 0 then
    io.stderr:write(("fmrun: %s: every run is done\n"):format(described.path))
    return nothing_matched
  end
  local path = require "fm.run.sweep.emit".write(line.emit, described, todo, described.count, options.jobs)
  local start = line.emit == "slurm" and "sbatch" or "sh"
  if not line.quiet then io.stderr:write(("%d runs of %d to do\nnext: %s %s\n"):format(#todo, #described.tasks, start, path)) end
  return 0
end

--- plan: of expand. list: its scripts. Returns an exit code; raises { usage }.
function sweep.start(plan, list, line, argv)
  local options <const> = settings.of_pool(line)
  local described <const> = folder.describe(plan, list, command_line.runs(line))
  if line.dry_run then return list_runs(described, line) end
  local lock <close>, message = folder.claim(described, command_text(argv))
  if not lock then
    io.stderr:write("fmrun: ", message, "\n")
    return 1
  end
  local todo <const> = unfinished(described.tasks)
  if line.emit then return hand_over(described, todo, options, line) end
  local screen <const> = require "fm.run.sweep.screen".new(line, described)
  options.jobs = math.max(1, math.min(options.jobs, #todo))
  options.timeout_text, options.again = line.timeout, command_text(argv)
  screen:begin(described, options.jobs, #described.tasks - #todo)
  return require "fm.run.sweep.supervise"(described, todo, options, screen)
end

return sweep
