-- A sweep as a script for a scheduler: an array of tasks, each `fmrun worker SWEEP --task I`. It is
-- printed, and kept in the sweep's folder. Slurm gets the numbers of the runs that are not done.
-- GNU parallel gets all numbers, because its job log goes by them; for a run that is done, a worker
-- takes some milliseconds.
local fm <const> = require "fm"
local quoted <const> = require "fm.parts.shell_word"
local uv <const> = require "luv"

local scheduler_script <const> = {}

local largest_array <const> = 1000 -- the largest index with Slurm's default MaxArraySize

--- "1-4,7": the indices for these tasks of an array in which index I does the tasks I, I +
--- largest_array, ...
local function ranges(tasks)
  local wanted, words, first = {}, {}, nil
  for _, task in ipairs(tasks) do wanted[(task.index - 1) % largest_array + 1] = true end
  for i = 1, largest_array do
    if wanted[i] then
      first = first or i
      if not wanted[i + 1] then
        words[#words + 1] = first == i and tostring(i) or ("%d-%d"):format(first, i)
        first = nil
      end
    end
  end
  return table.concat(words, ",")
end

-- Only the shell of a job gets signals, so it passes them on. `wait` also returns for a signal,
-- so it stands in a loop.
local slurm <const> = [[
#!/bin/bash
#SBATCH --job-name=@NAME@
#SBATCH --array=@TASKS@
#SBATCH --ntasks=@RANKS@
#SBATCH --cpus-per-task=@THREADS@
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
#SBATCH --open-mode=append
#SBATCH --chdir=@HERE@
#SBATCH --output=@SWEEP@/slurm-%a.log
# Time, memory and partition are for sbatch to say: sbatch --time=4:00:00 --mem=2G THIS_FILE

# Slurm takes indices up to @LARGEST@: index I does the runs I, I + @LARGEST@, ... one after the other, and passes over those that are done.
# Two minutes before its time is up the task gets USR1: fmrun finishes its step, saves and exits with 75; then the task is queued again and
# goes on from there. TERM (preemption, scancel) saves too.@NOTE@
run= again=no stop=no left=no worst=0
trap 'again=yes stop=yes; [ -n "$run" ] && kill -USR1 $run' USR1
trap 'stop=yes; [ -n "$run" ] && kill -@STOP@ $run' TERM
for task in $(seq "$SLURM_ARRAY_TASK_ID" @LARGEST@ @COUNT@); do
    [ $stop = yes ] && left=yes && break
    @MPIRUN@@FMRUN@ worker @SWEEP@ --task "$task"@WORDS@ &
    run=$!
    wait $run
    code=$?
    while [ $code -gt 128 ] && kill -0 $run 2>/dev/null; do
        wait $run
        code=$?
    done
    [ $code = 75 ] && left=yes
    [ $code -gt $worst ] && worst=$code
done
[ $again = yes ] && [ $left = yes ] && scontrol requeue "$SLURM_JOB_ID"
exit $worst
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

-- mpirun passes USR1 on; with TERM it would end its processes a second later
local note_of_ranks <const> = "\n# Each run is trained by @RANKS@ processes; mpirun gets USR1 for TERM, which it would not pass on."

--- What starts a run: one process, or several of mpirun.
local function start_of(ranks)
  if not ranks then return { RANKS = "1", MPIRUN = "", STOP = "TERM", NOTE = "" } end
  return { RANKS = tostring(ranks), MPIRUN = ("mpirun -n %d "):format(ranks), STOP = "USR1", NOTE = (note_of_ranks:gsub("@RANKS@", ranks)) }
end

local templates <const> = { slurm = slurm, parallel = parallel }

--- The script of `kind` ("slurm", "parallel"): prints it and writes it into the sweep's folder.
--- `tasks` are not done. options: jobs, words (more words for each worker), ranks (processes of a
--- run; nil: one, without mpirun). Returns its path; raises when it cannot be written, and raises
--- { usage } for a path that a script cannot hold.
function scheduler_script.write(kind, sweep, tasks, options)
  if (uv.cwd() .. sweep.path):find "\n" then error({ usage = "--emit: the path of the sweep has a line break in it" }, 0) end
  local words = {}
  for i, word in ipairs(options.words) do words[i] = " " .. quoted(word) end
  local start = start_of(options.ranks)
  local values = { NAME = (sweep.name:gsub("/sweep%-", "-")), HERE = quoted(uv.cwd()), SWEEP = quoted(sweep.path),
    FMRUN = quoted(uv.exepath()), JOBS = tostring(options.jobs), THREADS = tostring(options.threads), TASKS = ranges(tasks), COUNT = tostring(sweep.count),
    LARGEST = tostring(largest_array), WORDS = table.concat(words) }
  local text = fill(templates[kind], setmetatable(values, { __index = start }))
  local path = ("%s/%s.sh"):format(sweep.path, kind)
  assert(fm.file.write(path, text))
  io.stdout:write(text)
  return path
end

return scheduler_script
