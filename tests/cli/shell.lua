-- What the specs of the command line share: a folder for each test, the binary under test (FMRUN
-- names it), files read and written.
local fm <const> = require "fm"
local files <const> = dofile "tests/whole_files.lua"
local lfs <const> = require "lfs"

local shell <const> = { fmrun = assert(os.getenv "FMRUN", "FMRUN must name the binary under test"), here = lfs.currentdir() .. "/tests/cli" }

--- A new folder to work in.
function shell.open()
  shell.folder = os.tmpname()
  os.remove(shell.folder)
  assert(lfs.mkdir(shell.folder))
end

function shell.close()
  os.execute("chmod -R u+w " .. shell.folder .. "; rm -rf " .. shell.folder)
end

shell.read = files.read

function shell.write(name, text)
  files.write(shell.folder .. "/" .. name, text)
end

--- Runs a shell command in the folder; returns exit code, stdout, stderr.
function shell.run(command)
  local ok, how, code = os.execute(("cd %s && (%s) >out 2>err </dev/null"):format(shell.folder, command))
  assert(ok or how == "exit", how)
  return code, shell.read(shell.folder .. "/out"), shell.read(shell.folder .. "/err")
end

function shell.call(arguments)
  return shell.run(shell.fmrun .. " " .. arguments)
end

function shell.json(path)
  return assert(fm.json.decode(shell.read(path)))
end

--- The text holds each of these.
function shell.has(text, ...)
  for _, part in ipairs { ... } do assert(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text)) end
end

function shell.lines(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do list[#list + 1] = line end
  return list
end

--- The names in a folder that a pattern finds, in order; none when there is no folder.
function shell.names(path, pattern)
  local list = {}
  if not lfs.attributes(path) then return list end
  for name in lfs.dir(path) do
    if name:sub(1, 1) ~= "." and name:find(pattern or "") then list[#list + 1] = name end
  end
  table.sort(list)
  return list
end

return shell
