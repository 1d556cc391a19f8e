-- A script that a record names, before it is called. A folder of runs may come from anywhere, and what it says is not yet what its user wants to
-- run: the script must be the one that the record has the digest of, and must not lie in the folder itself.
local lfs <const> = require "lfs"
local digests <const> = require "fm.run.digests"
local quoted <const> = require "fm.parts.shell_word"
local readable <const> = require "fm.parts.printable".lines

local system <const> = require "fm.core".system
local recorded <const> = {}

--- Whether a file lies inside a folder, whatever links lead there.
local function is_inside(path, folder)
  local full, around = system.real_path(path), system.real_path(folder)
  return full and around and full:sub(1, #around + 1) == around .. "/"
end

--- Lines that name each file of a list { path, hash } that is not what it was, and say so when the script is not among them.
local function differences(script, files)
  local list, known = {}, false
  for _, file in ipairs(files) do
    local now = digests.of(file.path) or "missing"
    known = known or file.path == script
    if now ~= file.hash then list[#list + 1] = readable(("%s: was %s, is now %s"):format(file.path, file.hash, now)) end
  end
  if not known then list[#list + 1] = readable(("%s: not the script it was started with; its digest is not known"):format(script)) end
  return list
end

--- nil when the script may be called, else a message that says why not. `files`: the script and what it required, { path, hash }, as they
--- were. force: in spite of differences. advice: what to do about those.
function recorded.refusal(folder, script, files, force, advice)
  if script == "-" then return folder .. ": its script was read from stdin: fmrun - --folder " .. quoted(folder) .. " <SCRIPT" end
  if script:find("\0", 1, true) then return folder .. ": the name of its script has a NUL byte" end
  if is_inside(script, folder) then
    return readable(("%s: its script lies in the folder itself: %s\nto run that file, name it: fmrun %s --folder %s"):format(folder, script, quoted(script),
      quoted(folder)))
  end
  if force or not lfs.attributes(script) then return nil end -- a file that is missing says so itself
  local list = differences(script, files)
  if #list == 0 then return nil end
  return ("%s: its files are not what they were:\n  %s\n%s"):format(folder, table.concat(list, "\n  "), advice)
end

--- The same for the script of a task of a sweep, which must be one of those in its sweep.json (`said`).
function recorded.refusal_of_task(folder, said, task)
  for _, script in ipairs(said.scripts) do
    if script.path == task.script then
      return recorded.refusal(folder, script.path, script.code or {}, false, "the command that made the sweep takes the change up: " .. said.command)
    end
  end
  return readable(("%s/sweep.json: run %d: %s is none of its scripts"):format(folder, task.index, task.script))
end

return recorded
