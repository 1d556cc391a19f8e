-- A copy of the tree in which mistakes are planted and tests are run:
--
--   FOLDER/tree     the files that git knows (all, where there is no git), and build/
--   FOLDER/log      what the last test said
local uv <const> = require "luv"
local here <const> = debug.getinfo(1, "S").source:sub(2):gsub("[^/]*$", "")
local files <const> = dofile(here .. "../whole_files.lua")

local copy <const> = { read = files.read, write = files.write }

function copy.run(text, ...)
  local command <const> = text:format(...)
  if not os.execute(command) then error("this failed: " .. command, 0) end
end

function copy.exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

--- The words that make the namespaces of `inside`, or an error: code with a mistake in it may
--- remove what it should not, and is not run without them.
local function namespaces()
  for _, more in ipairs { "", " --map-root-user" } do
    local words <const> = "unshare --mount --pid --fork --kill-child --mount-proc" .. more
    if os.execute(words .. " mount --bind /tmp /mnt 2>/dev/null") then return words end
  end
  error("unshare makes no namespaces here, and code with mistakes is not run without them", 0)
end

local Copy <const> = {}
Copy.__index = Copy

--- The copy that is in a folder.
function copy.at(folder)
  return setmetatable({ folder = folder, tree = folder .. "/tree", words = namespaces() }, Copy)
end

--- Copies the tree at `root` into the folder, once.
function copy.open(root, folder)
  local self <const> = copy.at(folder)
  if not copy.exists(self.tree .. "/CMakeLists.txt") then
    local is_git <const> = os.execute(("git -C '%s' ls-files >/dev/null 2>&1"):format(root))
    local all <const> = is_git and "git ls-files -z" or "find * -name build -prune -o -name runs -prune -o -type f -print0"
    copy.run("mkdir -p '%s' && cd '%s' && %s | xargs -0 cp --parents -t '%s'", self.tree, root, all, self.tree)
  end
  return self
end

--- The programs of the binary that runs this, for mistakes that need no building.
function Copy:take_programs()
  if copy.exists(self.tree .. "/build/fmrun64") then return end
  local build <const> = uv.exepath():match "^(.*)/"
  copy.run("mkdir -p '%s/build' && cd '%s' && cp -r fmrun fmrun64 fmrun_stress fm tests '%s/build'", self.tree, build, self.tree)
end

-- A call with arguments of other types counts as one that does not compile.
local refused <const> = { "[-Wincompatible-pointer-types", "[-Wint-conversion" }

--- Makes the copy one that can be built, for mistakes in C: builds all of it once.
function Copy:make_programs()
  if copy.exists(self.tree .. "/build/build.ninja") then return end
  copy.run("cd '%s' && rm -rf build && cmake --preset release >/dev/null && cmake --build build >'%s/build.log'", self.tree, self.folder)
end

--- Builds a target of the copy, by another preset than release where one is given; returns whether
--- that worked.
function Copy:build(target, preset)
  local log <const>, place <const> = self.folder .. "/build.log", self.tree .. (preset and "/build/" .. preset or "/build")
  if preset and not copy.exists(place .. "/build.ninja") then copy.run("cd '%s' && cmake --preset %s >/dev/null", self.tree, preset) end
  if not os.execute(("cmake --build '%s' --target %s >'%s' 2>&1"):format(place, target, log)) then return false end
  local said <const> = copy.read(log)
  for _, warning in ipairs(refused) do
    if said:find(warning, 1, true) then return false end
  end
  return true
end

--- Runs a command in the tree, apart from all else; returns how it ended ("ok", "failed", "hung"),
--- what it said, and seconds.
function Copy:try(command, seconds)
  local began <const> = uv.hrtime()
  local _, how, code = os.execute(("%s sh '%sinside' '%s' %d '%s' >'%s/log' 2>&1 </dev/null"):format(self.words, here, self.folder, seconds,
    command:gsub("'", "'\\''"), self.folder))
  local ended = "failed"
  if how == "exit" and code == 0 then ended = "ok" elseif how == "exit" and (code == 124 or code == 137) then ended = "hung" end
  return ended, copy.read(self.folder .. "/log"), (uv.hrtime() - began) * 1e-9
end

return copy
