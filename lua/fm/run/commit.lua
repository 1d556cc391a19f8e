-- The git commit of a script, and whether files have changed since. The commit is read from the
-- files in .git, without git. What has changed is asked of git, which works in the background.
-- Repositories of other users are skipped, because their config could make git run programs.
local core <const> = require "fm.core"
local lfs <const> = require "lfs"
local quoted <const> = require "fm.parts.shell_word"
local text_of <const> = require "fm.records.text_of"

local patience <const> = 1 -- seconds that git may take
local largest_line <const>, largest_list <const> = 4096, 16 << 20 -- bytes of HEAD or a ref, and of packed-refs

-- ---- the repository ----

local function is_mine(path)
  return lfs.attributes(path, "uid") == lfs.attributes("/proc/self", "uid")
end

--- The git folder of the folder `at`, or nil. In a worktree or a submodule, .git is a file that
--- names it.
local function git_folder(at)
  local path = at .. "/.git"
  if lfs.symlinkattributes(path, "mode") == "directory" then return path end
  local named = (text_of(path, largest_line) or ""):match "^gitdir: ([^\n]+)"
  if not named then return nil end
  return named:sub(1, 1) == "/" and named or at .. "/" .. named
end

--- The nearest folder above a file that has a .git, and its git folder; nil when there is none, or
--- when it belongs to another user.
local function repository_of(path)
  local at = core.system.real_path(path:match "^(.*)/" or ".")
  while at and at ~= "" do
    if lfs.symlinkattributes(at .. "/.git") then
      local folder = git_folder(at)
      if folder and is_mine(at) and is_mine(at .. "/.git") and is_mine(folder) then return at, folder end
      return nil
    end
    at = at:match "^(.*)/"
  end
  return nil
end

local function is_digest(text)
  return (#text == 40 or #text == 64) and text:find "^%x+$" ~= nil
end

--- The commit that HEAD names, or nil.
local function head_of(folder)
  local head = (text_of(folder .. "/HEAD", largest_line) or ""):match "^[^\n]*"
  if is_digest(head) then return head end
  local ref = head:match "^ref: (refs/[%w_./+@-]+)$"
  if not ref or ref:find("..", 1, true) then return nil end
  local common = (text_of(folder .. "/commondir", largest_line) or ""):match "^[^\n]+"
  local shared = not common and folder or common:sub(1, 1) == "/" and common or folder .. "/" .. common
  local found = (text_of(folder .. "/" .. ref, largest_line) or text_of(shared .. "/" .. ref, largest_line) or ""):match "^%x+"
  if not found then
    local list = "\n" .. (text_of(shared .. "/packed-refs", largest_list) or "")
    local at = list:find(" " .. ref .. "\n", 1, true)
    found = at and list:sub(1, at - 1):match "\n(%x+)$"
  end
  return found and is_digest(found) and found or nil
end

-- ---- what has changed ----

-- git runs no program that its config names for fsmonitor or hooks, writes and fetches nothing, and
-- skips submodules. A last line with a dot shows that both questions were answered.
local question <const> = [[
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_COMMON_DIR GIT_NAMESPACE
export GIT_ALLOW_PROTOCOL=none GIT_NO_LAZY_FETCH=1
ask() { timeout @SECONDS@ git -C @FOLDER@ -c core.fsmonitor= -c core.hooksPath=/dev/null --no-optional-locks "$@" 2>/dev/null </dev/null; }
ask status --porcelain --untracked-files=no --ignore-submodules=all && ask ls-files --others -- @FILES@ && echo .]]

--- Starts git. Returns a pipe to read its answer from; nil when it cannot be started.
local function ask(folder, files)
  if #files == 0 then return nil end
  local words = {}
  for i, file in ipairs(files) do words[i] = quoted(":(top,literal)" .. file) end
  local values = { SECONDS = tostring(patience), FOLDER = quoted(folder), FILES = table.concat(words, " ") }
  local ok, pipe = pcall(io.popen, (question:gsub("@(%u+)@", values)))
  return ok and pipe or nil
end

--- The paths of these files relative to a folder; files outside of it are left out.
local function names_below(folder, files)
  local names = {}
  for _, file in ipairs(files) do
    local path = core.system.real_path(file.path)
    if path and path:sub(1, #folder + 1) == folder .. "/" then names[#names + 1] = path:sub(#folder + 2) end
  end
  return names
end

-- ---- the whole ----

--- Waits for git's answer: true, false, or nil when git gave none.
local function wait_for(answer)
  local text = answer:read "a"
  answer:close()
  if text and text:find "%.\n$" then return text ~= ".\n" end
  return nil
end

--- The commit of the folder of a script as { hash, wait }; nil when it is in no repository. `files`
--- (a list of { path }) are the Lua files of the script. wait(), to be called once, tells whether a
--- tracked file has changed since the commit or one of `files` is untracked; nil when git gave no
--- answer.
return function(script, files)
  local folder, git = repository_of(script)
  local hash = folder and head_of(git)
  if not hash then return nil end
  local answer = ask(folder, names_below(folder, files))
  return { hash = hash, wait = function() return answer and wait_for(answer) end }
end
