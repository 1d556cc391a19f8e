-- Removes runs, sweeps, or all runs of an experiment. A running run stays unless it is said that it shall go too.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local command_line <const> = require "fm.run.command_line"
local records <const> = require "fm.run.records"
local remove <const> = require "fm.run.remove"

--- Whether a process works on the run or sweep.
local function is_busy(thing)
  return thing.status == "running" or thing.kind == "sweep" and fm.system.locked(thing.path .. "/lock")
end

--- What the words stand for: the folders to remove, and how many runs they hold. Raises for one that is busy.
local function choose(base, line)
  local folders, runs = {}, 0
  for _, word in ipairs(line.words) do
    local target = records.expect(records.target(base, word))
    local inside = target.runs or { target }
    for _, thing in ipairs(table.move(inside, 1, #inside, 2, { target })) do
      if is_busy(thing) and not line.running then
        error({ message = ("%s is running; --running removes it all the same"):format(thing.name), exit = 1 }, 0)
      end
    end
    runs = runs + #inside
    folders = table.move(target.kind == "experiment" and inside or { target }, 1, target.kind == "experiment" and #inside or 1, #folders + 1, folders)
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
    line.refuse(("it would remove %d run%s; without a terminal to ask on, say -f"):format(runs, runs == 1 and "" or "s"))
  end
  io.stderr:write(("%s\nremove %d run%s? [y/N] "):format(names_of(folders), runs, runs == 1 and "" or "s"))
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
