-- Removes runs, sweeps, or all runs of an experiment: the files that fmrun wrote, and the folders
-- that are empty then. Other files stay, and are listed. Links are removed and not followed. A run
-- that is running stays, unless --running is given.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local command_line <const> = require "fm.cli.command_line"
local own_files <const> = require "fm.records.own_files"
local printable <const> = require "fm.parts.printable"
local records <const> = require "fm.records.runs"
local uv <const> = require "luv"
local words <const> = require "fm.records.words"

--- Whether a sweep has no runs of other experiments, as one of several scripts has.
local function is_alone(sweep, experiment)
  for _, run in ipairs(sweep.runs) do
    if run.experiment ~= experiment then return false end
  end
  return true
end

--- The things to remove for a target, runs and sweeps: itself, or for an experiment its sweeps, one
--- without runs too, and its other runs.
local function things_of(target)
  if target.kind ~= "experiment" then return { target } end
  local things, own = {}, {}
  for _, found in ipairs(target.sweeps) do
    local sweep = records.sweep(found.path, found.name)
    if is_alone(sweep, target.name) then things[#things + 1], own[sweep.name] = sweep, true end
  end
  for _, run in ipairs(target.runs) do
    if not own[run.sweep or ""] then things[#things + 1] = run end
  end
  return things
end

--- Raises when a process works on one of the things and --running was not given.
local function check_idle(things, line)
  for _, thing in ipairs(things) do
    local busy = thing.status == "running" or fm.system.locked(thing.path .. "/lock")
    if busy and not line.running then
      error({ message = ("%s is running; --running removes it all the same"):format(thing.name), exit = 1 }, 0)
    end
    check_idle(thing.runs or {}, line)
  end
end

--- What the words stand for: the runs and sweeps to remove, and how many runs they are.
local function choose(base, line)
  local things, seen, runs = {}, {}, 0
  for _, word in ipairs(line.words) do
    local target = records.expect(records.target(base, word))
    for _, run in ipairs(target.runs or { target }) do
      runs = runs + (seen[run.path] and 0 or 1)
      seen[run.path] = true
    end
    for _, thing in ipairs(things_of(target)) do
      if not things[thing.path] then things[#things + 1] = thing end
      things[thing.path] = true
    end
  end
  check_idle(things, line)
  return things, runs
end

local function names_of(things)
  local names = {}
  for i = 1, math.min(#things, 5) do
    names[i] = printable.line("  " .. things[i].path .. (things[i].status and " (" .. things[i].status .. ")" or ""))
  end
  if #things > 5 then names[6] = ("  and %d more"):format(#things - 5) end
  return table.concat(names, "\n")
end

--- Asks on a terminal; elsewhere -f is needed.
local function is_allowed(things, runs, line)
  if line.force then return true end
  local what = runs > 0 and words.count(runs, "run") or words.count(#things, "sweep") .. " without runs"
  if not (fm.system.is_terminal(0) and fm.system.is_terminal(2)) then
    line.refuse(("it would remove %s; without a terminal to ask on, say -f"):format(what))
  end
  io.stderr:write(("%s\nremove %s? [y/N] "):format(names_of(things), what))
  local answer = io.read "l"
  return answer == "y" or answer == "yes"
end

-- ---- removing ----

local most_told <const> = 5

local function fail(message)
  error({ message = message, exit = 1 }, 0)
end

--- Says that the folder is gone, or what stays in it.
local function tell(path, left)
  path = printable.line(path)
  if #left == 0 then return io.stderr:write("removed ", path, "\n") end
  local names = {}
  for i = 1, math.min(#left, most_told) do names[i] = "\n  " .. printable.line(left[i]) end
  if #left > most_told then names[#names + 1] = ("\n  and %d more"):format(#left - most_told) end
  io.stderr:write(("removed the run in %s; what it did not make stays:%s\n"):format(path, table.concat(names)))
end

--- Removes these files of a folder, and the folder when it is then empty. Returns the names of what
--- is left there.
local function remove_files(path, list)
  local left, message = own_files.remove(path, list)
  return left or fail(message)
end

--- Removes what a run made. Returns the same as remove_files.
local function remove_run(run)
  if lfs.symlinkattributes(run.path, "mode") == "link" then
    assert(os.remove(run.path))
    return {}
  end
  local path = uv.fs_realpath(run.path) or run.path -- of "." and "..", too
  if not own_files.is_run(path, run) then
    fail(("%s: nothing was removed: %s"):format(run.path, run.error or "its run.json does not say that fmrun made it"))
  end
  return remove_files(path, own_files.of_run(path, run))
end

local function remove_sweep(sweep)
  for _, run in ipairs(sweep.runs) do
    local left = own_files.is_run(run.path, run) and remove_run(run) or {}
    if #left > 0 then tell(run.path, left) end
  end
  return remove_files(sweep.path, own_files.of_sweep(sweep.path))
end

--- Removes folders above one within `base`, as long as they are empty.
local function remove_above(base, path)
  local above = path:sub(1, #base + 1) == base .. "/" and path:match "^(.*)/"
  while above and #above > #base and lfs.rmdir(above) do above = above:match "^(.*)/" end
end

return {
  help = "remove runs: what they wrote, and no other file; asks first", usage = "fmrun rm RUN... [-f]", takes = "run",
  options = { { "-f", "--force", name = "force", help = "do not ask" },
    { "--running", name = "running", help = "also runs that a process is working on" }, "runs" },
  examples = { "fmrun rm 7f3a", "fmrun ls --failed --json | jq -r .path | xargs fmrun rm -f" },
  run = function(line)
    if #line.words == 0 then line.refuse "expected the runs to remove" end
    local base = command_line.runs(line)
    local things, runs = choose(base, line)
    if not is_allowed(things, runs, line) then
      io.stderr:write "nothing was removed\n"
      return 1
    end
    check_idle(things, line) -- once more: the user may have taken a while to answer
    for _, thing in ipairs(things) do
      local left = thing.runs and remove_sweep(thing) or remove_run(thing)
      tell(thing.path, left)
      remove_above(base, thing.path)
    end
  end,
}
