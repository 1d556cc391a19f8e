-- Checks a script that a record names before it is called. A folder of runs may come from anywhere,
-- and its user may not want to run what it names. So the script must have the digest that is in the
-- record, and must not lie in the folder itself.
local code_copies <const> = require "fm.records.code_copies"
local lfs <const> = require "lfs"
local digests <const> = require "fm.run.digests"
local quoted <const> = require "fm.parts.shell_word"
local readable <const> = require "fm.parts.printable".lines

local system <const> = require "fm.core".system
local recorded <const> = {}

--- Whether a file lies inside a folder, also through links.
local function is_inside(path, folder)
  local full, around = system.real_path(path), system.real_path(folder)
  return full and around and full:sub(1, #around + 1) == around .. "/"
end

--- A line for each file of a list { path, hash } that has changed, and one when the script is not
--- in the list.
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

--- nil when the script may be called, else a message that says why not. files: the script and the
--- files that it required, as they were, { path, hash }. force: ignore differences. advice: what to
--- do about them.
function recorded.refusal(folder, script, files, force, advice)
  if script == "-" then return folder .. ": its script was read from stdin: fmrun - --folder " .. quoted(folder) .. " <SCRIPT" end
  if script:find("\0", 1, true) then return folder .. ": the name of its script has a NUL byte" end
  if is_inside(script, folder) then
    return readable(("%s: its script lies in the folder itself: %s\nto run that file, name it: fmrun %s --folder %s"):format(folder, script, quoted(script),
      quoted(folder)))
  end
  if force or not lfs.attributes(script) then return nil end -- a missing file raises its own error
  local list = differences(script, files)
  if #list == 0 then return nil end
  return ("%s: its files are not what they were:\n  %s\n%s"):format(folder, table.concat(list, "\n  "), advice)
end

--- The copies that a folder keeps of the script and the files that it required (path -> { text,
--- hash }), to be called instead of the files. Use them only when the user asks for them by an
--- option, because they are the folder's own code. Or nil and a message.
function recorded.copies(folder, script, files)
  local copies, message = code_copies.read_all(folder, files)
  if copies and not copies[script] then copies, message = nil, ("%s keeps no copy of its script %s"):format(folder, script) end
  return copies, message and readable(message)
end

--- A line that tells how to call the copies; an empty text when there are none. command: fmrun's
--- word for it, "resume" if not given.
function recorded.advice(folder, script, files, command)
  if not recorded.copies(folder, script, files) then return "" end
  return ("\nfmrun %s --kept-code %s calls the copies of these files in %s/code instead"):format(command or "resume", quoted(folder), readable(folder))
end

--- nil when the script of a task of a sweep may be called: it must be one of those in its
--- sweep.json (`said`). Else a message. kept: call the copies in the sweep's folder instead; they
--- are the second result.
function recorded.refusal_of_task(folder, said, task, kept)
  for _, script in ipairs(said.scripts) do
    if script.path == task.script then
      local files = script.code or {}
      if kept then
        local copies, message = recorded.copies(folder, script.path, files)
        return message, copies
      end
      return recorded.refusal(folder, script.path, files, false, readable("the command that made the sweep takes the change up: " .. said.command)
        .. recorded.advice(folder, script.path, files))
    end
  end
  return readable(("%s/sweep.json: run %d: %s is not one of its scripts"):format(folder, task.index, task.script))
end

return recorded
