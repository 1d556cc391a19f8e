-- Removes runs, sweeps, or all runs of an experiment. A running run stays unless it is said that it shall go too.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local command_line <const> = require "fm.run.command_line"
local records <const> = require "fm.records"
local remove <const> = require "fm.run.remove"
local words <const> = require "fm.records.words"

--- The folders to remove for a target: its own, or for an experiment those of its runs and of its sweeps, each once.
local function folders_of(base, target)
  if target.kind ~= "experiment" then return { target } end
  local folders, seen = {}, {}
  for _, run in ipairs(target.runs) do
    local own_sweep = run.sweep and run.sweep:match "^[^/]+" == target.name -- not a sweep of several scripts
    local folder = own_sweep and { kind = "sweep", name = run.sweep, path = base .. "/" .. run.sweep } or run
    if not seen[folder.path] then folders[#folders + 1] = folder end
    seen[folder.path] = true
  end
  return folders
end

--- Raises when a process works on one of the things and nobody has said --running.
local function check_idle(things, line)
  for _, thing in ipairs(things) do
    local busy = thing.status == "running" or thing.kind == "sweep" and fm.system.locked(thing.path .. "/lock")
    if busy and not line.running then
      error({ message = ("%s is running; --running removes it all the same"):format(thing.name), exit = 1 }, 0)
    end
  end
end

--- What the words stand for: the folders to remove, and how many runs they hold.
local function choose(base, line)
  local folders, seen, runs = {}, {}, 0
  for _, word in ipairs(line.words) do
    local target = records.expect(records.target(base, word))
    local inside, own = target.runs or { target }, folders_of(base, target)
    check_idle(inside, line)
    check_idle(own, line)
    for _, run in ipairs(inside) do
      runs = runs + (seen[run.path] and 0 or 1)
      seen[run.path] = true
    end
    for _, folder in ipairs(own) do
      if not folders[folder.path] then folders[#folders + 1] = folder end
      folders[folder.path] = true
    end
  end
  return folders, runs
end

local function names_of(folders)
  local names = {}
  for i = 1, math.min(#folders, 5) do names[i] = "  " .. folders[i].path .. (folders[i].status and " (" .. folders[i].status .. ")" or "") end
  if #folders > 5 then names[6] = ("  and %d more"):format(#folders - 5) end
  return table.concat(names, "\n")
end

--- Asks on a terminal; elsewhere nobody could answer.
local function is_allowed(folders, runs, line)
  if line.force then return true end
  if not (fm.system.is_terminal(0) and fm.system.is_terminal(2)) then
    line.refuse(("it would remove %s; without a terminal to ask on, say -f"):format(words.count(runs, "run")))
  end
  io.stderr:write(("%s\nremove %s? [y/N] "):format(names_of(folders), words.count(runs, "run")))
  local answer = io.read "l"
  return answer == "y" or answer == "yes"
end

return {
  help = "remove runs; asks first", usage = "fmrun rm RUN... [-f]", takes = "run",
  options = { { "-f", "--force", name = "force", help = "do not ask" },
    { "--running", name = "running", help = "also what a process is working on" }, "runs" },
  examples = { "fmrun rm 7f3a", "fmrun ls --failed --json | jq -r .path | xargs fmrun rm -f" },
  run = function(line)
    if #line.words == 0 then line.refuse "expected the runs to remove" end
    local folders, runs = choose(command_line.runs(line), line)
    if not is_allowed(folders, runs, line) then
      io.stderr:write "nothing was removed\n"
      return 1
    end
    for _, folder in ipairs(folders) do
      local ok, message = remove(folder.path)
      if not ok then error({ message = message, exit = 1 }, 0) end
      lfs.rmdir((folder.path:gsub("/[^/]*$", ""))) -- the experiment's folder or the sweep's, when that was its last
      io.stderr:write("removed ", folder.path, "\n")
    end
  end,
}
