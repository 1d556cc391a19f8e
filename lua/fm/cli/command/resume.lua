-- Continues runs that were interrupted, or failed, from their last checkpoint.
local command_line <const> = require "fm.cli.command_line"
local launch <const> = require "fm.cli.launch"
local open <const> = require "fm.cli.recorded_run"
local records <const> = require "fm.records.runs"

--- What the words stand for: records of runs, and sweeps, which are continued as a whole.
local function targets(line)
  local list = records.expect(records.targets(command_line.runs(line), line.words))
  for i, target in ipairs(list) do
    if target.kind == "experiment" then line.refuse(('"%s" is an experiment: name one of its runs or sweeps'):format(line.words[i])) end
  end
  return list
end

local function go_on(target, line)
  if target.runs then return require "fm.cli.sweep".resume(target.path, line) end
  line.folder = target.path
  local run = open(target, { force = line.force or line.anew, kept_code = line.kept_code, quiet = line.quiet, argv = line.argv,
    advice = launch.advice(target.path), command = "resume" })
  local how = launch.how(line, run.script, line.argv)
  how.commit = run.commit
  return (launch.run(run, how))
end

local function is_over(code)
  return code == 75 or code >= 128
end

return {
  help = "go on with runs and sweeps that were interrupted, from their last checkpoints", usage = "fmrun resume RUN|SWEEP...",
  takes = "run",
  options = {
    { "-f", "--force", name = "force", help = "go on though the script, config, data or program has changed" },
    { "--anew", name = "anew", help = "begin again in the same folder" },
    { "--kept-code", name = "kept_code", help = "call the copies of the Lua files that the run or the sweep keeps, not the files as they are now" },
    "runs", "threads", "shares", "quiet", "json", "color", "checkpoint_every", "checkpoint_seconds", "keep_last", "jobs", "timeout", "fail_fast", "maxfail",
  },
  run = function(line)
    if #line.words == 0 then line.refuse "expected runs" end
    launch.join()
    require "fm.cli.threads".set(line.threads)
    local worst = 0
    for _, target in ipairs(targets(line)) do
      local code = go_on(target, line)
      if is_over(code) then return code end
      worst = math.max(worst, code)
    end
    return worst
  end,
}
