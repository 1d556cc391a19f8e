-- Where the prompt's lines come from: a terminal, edited, with Tab and a history that lasts;
-- anything else, or a terminal without the library for it, is read line by line.
--   open() -> input: read(prompt) -> text | false (given up by Ctrl-C) | nil (the end);
--                    remember(text); is_edited
local core <const> = require "fm.core"

local file <const>, system <const> = core.file, core.system

local prompt_input <const> = {}

local most <const> = 2000 -- entries that are kept

-- ---- the history: a line for each entry, with \n for a line's end inside it ----

--- FM_HISTORY, empty for none, else fmrun/history where programs keep their state (XDG Base
--- Directory Specification).
local function history_path()
  local given = os.getenv "FM_HISTORY"
  if given then return given ~= "" and given or nil end
  local state, home = os.getenv "XDG_STATE_HOME", os.getenv "HOME"
  if not state or state:sub(1, 1) ~= "/" then state = home and home .. "/.local/state" end
  return state and state .. "/fmrun/history"
end

local function escape(entry)
  return (entry:gsub("\\", "\\\\"):gsub("\n", "\\n"))
end

local function unescape(line)
  return (line:gsub("\\(.)", { n = "\n", ["\\"] = "\\" }))
end

--- The entries of a history, the oldest first. One that has grown to twice its size is shortened.
--- A power cut may leave zero bytes where a line was to be.
local function read_history(path)
  local text = (file.read(path) or ""):gsub("%z+", "")
  local lines, entries = {}, {}
  for line in text:gmatch "([^\n]+)\n" do lines[#lines + 1] = line end
  local first = math.max(1, #lines - most + 1)
  for i = first, #lines do entries[#entries + 1] = unescape(lines[i]) end
  if #lines > 2 * most then file.write(path, table.concat(lines, "\n", first) .. "\n") end
  return entries
end

--- Adds to a file, which is made when it is missing. Nobody types so fast that syncing matters.
local function append_durably(path, text)
  local folder = path:match "^(.*/)"
  if folder then require "fm.run.folder".make_parents(folder) end
  local is_new = not require "lfs".attributes(path)
  local ok, message = file.append(path, text)
  if ok then ok, message = file.sync(path) end
  if ok and is_new then ok, message = file.sync(folder or ".") end
  return ok, message
end

-- ---- inputs ----

local nothing <const> = { __close = function() end }

local function plain()
  local function read(prompt)
    io.stdout:write(prompt)
    io.stdout:flush()
    return io.read "L"
  end
  return setmetatable({ read = read, remember = function() end, is_edited = false }, nothing)
end

local function edited(editor)
  local path, last = history_path(), nil
  if path then
    for _, entry in ipairs(read_history(path)) do
      editor:remember(entry)
      last = entry
    end
  end

  --- A history that cannot be written is reported once; the prompt goes on without it.
  local function append(entry)
    local ok, message = append_durably(path, escape(entry) .. "\n")
    if ok then return end
    io.stderr:write("fmrun: history: ", message, " (FM_HISTORY= switches it off)\n")
    path = nil
  end

  local function remember(text)
    local entry = text:gsub("%s+$", "")
    if entry == "" or entry == last then return end
    last = entry
    editor:remember(entry)
    if path then append(entry) end
  end

  io.stdout:flush()
  return setmetatable({ read = function(prompt) return editor:read(prompt) end, remember = remember, is_edited = true }, {
    __close = function() local closing <close> = editor end,
  })
end

function prompt_input.open()
  local terminal = os.getenv "TERM" or "dumb"
  if terminal == "dumb" or not (system.is_terminal(0) and system.is_terminal(1)) then return plain() end
  local editor = system.line_editor(function(...) return require "fm.cli.tab"(...) end)
  return editor and edited(editor) or plain()
end

return prompt_input
