-- The words after `fmrun`: options, scripts, key=value, and what follows `--`; or options and a
-- command, which reads the rest.
local option_reader <const> = require "fm.cli.option_reader"
local quoted <const> = require "fm.parts.shell_word"

local command_line <const> = {}

--- Exit codes. `saved`: interrupted, and can go on later. A process that a signal ended has 128 +
--- the signal's number.
command_line.exit = { well = 0, failed = 1, usage = 2, nothing = 3, internal = 4, saved = 75 }

command_line.options = { -- in the words of option_reader; of_runs: it says nothing to a script without an experiment
  { "-e", name = "chunk", value = "STATEMENT", action = true, help = "run the statement" },
  { "-l", name = "module", value = "MODULE", action = true, help = "require the module into a global of its name" },
  { "-i", name = "interactive", help = "go on with a prompt afterwards" },
  { "-v", name = "show_version", help = "print the version, go on" },
  { "-E", name = "no_environment", help = "ignore LUA_INIT, LUA_PATH and LUA_CPATH" },
  { "-W", name = "warnings", help = "turn warnings on" },
  { "-o", "--runs", name = "runs", of_runs = true, value = "DIR", help = "folder of the runs (else FM_RUNS, else ./runs)" },
  { "--folder", name = "folder", of_runs = true, value = "DIR", help = "the run's own folder; an unfinished run there goes on" },
  { "--checkpoint-every", name = "checkpoint_every", of_runs = true, value = "STEPS", help = "write a checkpoint every so many steps (0: not by steps)" },
  { "--checkpoint-seconds", name = "checkpoint_seconds", of_runs = true, value = "S", help = "and every so many seconds (60; 0: not by time)" },
  { "--keep-last", name = "keep_last", of_runs = true, value = "K", help = "keep the last K checkpoints of --checkpoint-every as checkpoint-step-N" },
  { "--seed", name = "seed", value = "N", help = "seed of every random stream, the same as seed=N" },
  { "--threads", name = "threads", value = "N", help = "threads of one run; results do not depend on it (auto: all cores; in a sweep 1)" },
  { "--shares", name = "shares", of_runs = true, value = "N", help = "cut the batch of each step into N shares, whose gradients are added in a fixed order "
    .. "(8 under mpirun, else 1)" },
  { "-m", "--multirun", name = "multirun", of_runs = true, help = "key=a,b key=1:5 key=0:1:0.25 are lists: a run for each combination; "
    .. 'commas inside "..." belong to a value, "" inside is one "' },
  { "-j", "--jobs", name = "jobs", of_runs = true, value = "N", help = "runs at a time, each a process; auto: the cores over --threads (auto)" },
  { "-n", "--dry-run", name = "dry_run", of_runs = true, help = "list the runs and run nothing" },
  { "-x", "--fail-fast", name = "fail_fast", of_runs = true, help = "start no more runs after one has failed" },
  { "--maxfail", name = "maxfail", of_runs = true, value = "N", help = "start no more runs after N have failed" },
  { "--timeout", name = "timeout", of_runs = true, value = "TIME", help = "time limit for a run of a sweep: 90s, 30m, 2h" },
  { "--random", name = "random", of_runs = true, value = "N", help = "with -m: N draws from the lists, and from log(1e-4,1e-2), uniform(0,1)" },
  { "--sweep-seed", name = "sweep_seed", of_runs = true, value = "S", help = "seed of these draws (0)" },
  { "--max-runs", name = "max_runs", of_runs = true, value = "N", help = "refuse a sweep of more runs (10000)" },
  { "--emit", name = "emit", of_runs = true, value = "KIND", choices = { "slurm", "parallel" }, help = "print the sweep as a script for slurm or parallel" },
  { "--ranks", name = "ranks", of_runs = true, value = "N", help = "with --emit slurm: N processes train each run, by mpirun" },
  { "-q", "--quiet", name = "quiet", help = "no progress, no notes: errors only" },
  { "--json", name = "json", help = "events as JSON lines on stdout" },
  { "--color", name = "color", value = "WHEN", choices = { "auto", "always", "never" }, help = "auto, always or never; NO_COLOR and FORCE_COLOR count" },
  { "-V", "--version", name = "version", help = "print the version and end" },
  { "-h", "--help", name = "help", help = "print this and end" },
  advice = "words for the script itself go after --", scripts = true,
}

local function is_for_scripts(word) -- key=value, or @trials.csv
  return word:find "^[^-/=@][^/=]*=" ~= nil or word:find "^@" ~= nil
end

local function is_first_script(word)
  return word == "-" or word:find "%.lua$" ~= nil or word:find("/", 1, true) ~= nil
end

--- Sorts a word into scripts, words for them, or the command; true when it is the command.
local function add_word(result, scripts, word, place)
  if is_for_scripts(word) then
    result.words[#result.words + 1] = word
  elseif #scripts == 0 then
    if not is_first_script(word) then
      result.command, result.command_place = word, place
      return true
    end
    scripts[1] = word
    result.script_place = place
  elseif word:find "%.lua$" then
    scripts[#scripts + 1] = word
  else
    result.words[#result.words + 1] = word
  end
  return false
end

--- Reads argv[1..]. Returns { scripts, words, extra (after --), actions = { {name, text}... },
--- script_place, or command and command_place, and one field per option given }; raises { usage =
--- message }.
function command_line.parse(argv)
  local scripts = {}
  local result = option_reader.read(command_line.options, argv, function(result, word, place) return add_word(result, scripts, word, place) end)
  result.scripts = scripts
  return result
end

--- The words and options of a line that only an experiment takes, nearly as they were given.
function command_line.for_experiments(line)
  local list = {}
  for _, word in ipairs(line.words) do
    if is_for_scripts(word) then list[#list + 1] = word end
  end
  for _, option in ipairs(command_line.options) do
    if option.of_runs and line[option.name] then list[#list + 1] = option[#option] end
  end
  return list
end

--- The words of a command as they can be typed again: "fmrun -m x.lua 'note=a b'".
function command_line.text(argv)
  local list, first = {}, 0
  while argv[first - 1] do first = first - 1 end -- stock Lua's own words
  for i = first, #argv do list[#list + 1] = quoted(argv[i]) end
  return table.concat(list, " ")
end

--- The folder of the runs: from the command line, or FM_RUNS, or ./runs.
function command_line.runs(line)
  local runs = line.runs or os.getenv "FM_RUNS" or ""
  return runs ~= "" and runs or "runs"
end

function command_line.help()
  local lines = {
    "usage: fmrun [options] SCRIPT... [key=value...] [-- words for the script]", "       fmrun COMMAND ...     see fmrun help", "",
    "  fmrun moons.lua                       run an experiment, results in runs/",
    "  fmrun moons.lua lr=3e-3 seed=2        the same with other parameters",
    "  fmrun -m moons.lua lr=1e-3,3e-3 seed=1:3   a sweep: six runs, in parallel",
    "  fmrun moons.lua @trials.csv preset=fast    a sweep: a run per line of the file, over a preset",
    "  fmrun ls                              the runs so far",
    "  fmrun -e 'print(1 + 1)'               as lua does",
    "  fmrun                                 a prompt",
    "  fmrun help tutorial                   the manual; fmrun help lists its pages", "", "options:",
  }
  local options = option_reader.help(command_line.options)
  table.move(options, 1, #options, #lines + 1, lines)
  lines[#lines + 1] = ""
  lines[#lines + 1] = "exit: 0 all runs well, 1 a run failed, 2 usage, 3 nothing matched, 4 internal error,"
  lines[#lines + 1] = "      75 interrupted after a checkpoint (fmrun resume goes on), 128 + N ended by signal N"
  return table.concat(lines, "\n")
end

return command_line
