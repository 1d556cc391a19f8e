-- A sweep as a script for a scheduler: an array of tasks, each `fmrun worker SWEEP --task I`. It is printed, and kept in the sweep's folder.
-- Slurm gets the tasks that are not done. GNU parallel gets all, by their numbers, which its job log knows again; a run that is done
-- takes a worker some milliseconds.
local fm <const> = require "fm"
local quoted <const> = require "fm.terminal.shell_word"
local uv <const> = require "luv"

local emit <const> = {}

--- "1-4,7": the numbers of tasks, which ascend.
local function ranges(tasks)
  local words, first = {}, nil
  for i, task in ipairs(tasks) do
    first = first or task.index
    local following = tasks[i + 1]
    if not following or following.index ~= task.index + 1 then
      words[#words + 1] = first == task.index and tostring(first) or ("%d-%d"):format(first, task.index)
      first = nil
    end
  end
  return table.concat(words, ",")
end

-- The shell of a job hands the signals on: only it gets them. `wait` comes back for a signal too, hence the loop.
local slurm <const> = [[
#!/bin/bash
#SBATCH --job-name=@NAME@
#SBATCH --array=@TASKS@
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=@THREADS@
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
#SBATCH --open-mode=append
#SBATCH --chdir=@HERE@
#SBATCH --output=@SWEEP@/slurm-%a.log
# Time, memory and partition are for sbatch to say: sbatch --time=4:00:00 --mem=2G THIS_FILE

# Two minutes before its time is up the task gets USR1: fmrun finishes its step, saves and exits with 75; then the task is queued again and
# goes on from there. TERM (preemption, scancel) saves too.
@FMRUN@ worker @SWEEP@ --task "$SLURM_ARRAY_TASK_ID"@WORDS@ &
run=$! again=no
trap 'kill -USR1 $run; again=yes' USR1
trap 'kill -TERM $run' TERM
wait $run
code=$?
while [ $code -gt 128 ] && kill -0 $run 2>/dev/null; do
    wait $run
    code=$?
done
[ $code = 75 ] && [ $again = yes ] && scontrol requeue "$SLURM_JOB_ID"
exit $code
]]

local parallel <const> = [[
#!/bin/sh
# GNU parallel runs the tasks: sh THIS_FILE, or sh THIS_FILE --sshlogin host1,host2 on machines that share this folder. Started again, it
# runs what failed or is missing. Ctrl-C lets each run finish its step and save.
cd @HERE@ || exit 1
seq @COUNT@ |
    parallel --jobs @JOBS@ --joblog @SWEEP@/parallel.log --resume-failed --termseq TERM,60000,KILL,25 --quote "$@" --workdir . \
    @FMRUN@ worker @SWEEP@ --task {}@WORDS@
]]

local function fill(template, values)
  return (template:gsub("@(%u+)@", values))
end

local templates <const> = { slurm = slurm, parallel = parallel }

--- The script of `kind` ("slurm", "parallel"): prints it and writes it into the sweep's folder. `tasks` are not done. options: jobs, words
--- (more words for each worker). Returns its path; raises when it cannot be written.
function emit.write(kind, sweep, tasks, options)
  table.sort(tasks, function(a, b) return a.index < b.index end)
  local text = fill(templates[kind], { NAME = (sweep.name:gsub("/sweep%-", "-")), HERE = quoted(uv.cwd()), SWEEP = quoted(sweep.path),
    FMRUN = quoted(uv.exepath()), JOBS = tostring(options.jobs), THREADS = tostring(options.threads), TASKS = ranges(tasks), COUNT = tostring(sweep.count),
    WORDS = #options.words > 0 and " " .. table.concat(options.words, " ") or "" })
  local path = ("%s/%s.sh"):format(sweep.path, kind)
  assert(fm.file.write(path, text))
  io.stdout:write(text)
  return path
end

return emit
