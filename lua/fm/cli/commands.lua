-- `fmrun WORD ...`: a command is one file WORD.lua in the folder command/, or the user's own file
-- in fm/command/ below a folder of LUA_PATH that begins with "/"; never one that happens to lie in
-- the working folder. It is found by its name, and returns
--   help, usage    one line each
--   examples       a list of lines, if there are any
--   options        in the words of option_reader; a string borrows fmrun's own option of that name
--   takes          for completion, what its words name: "run", "script", "parameters" (a script and
--                  its key=value), "card", "name" or a list of words
--   run            function(line) that returns an exit code, or nothing for 0
-- line: its words, options by name, argv; refuse(message), which ends the command because of how it
-- was called; and only(what, names), which refuses each option but these, because it says nothing
-- to `what`.
local by_name <const> = require "fm.parts.by_name"
local command_line <const> = require "fm.cli.command_line"
local nearest <const> = require "fm.parts.nearest"
local option_reader <const> = require "fm.cli.option_reader"
local traceback <const> = require "fm.parts.traceback"

local command <const> = {}

local word_pattern <const> = "^%l[%l%d_]*$"

local rooms <const> = { "fm.cli.command", "fm.command" } -- fm's own come first

function command.names()
  local names, seen = {}, {}
  for _, room in ipairs(rooms) do
    for _, name in ipairs(by_name.names(room)) do
      if name:find(word_pattern) and not seen[name] then seen[name], names[#names + 1] = true, name end
    end
  end
  table.sort(names)
  return names
end

--- The module that holds the command of that name, or nil.
local function module_of(word)
  if not word:find(word_pattern) then return nil end
  for _, room in ipairs(rooms) do
    local module = room .. "." .. word
    if by_name.file(module) then return module end
  end
  return nil
end

local function borrowed(name)
  for _, option in ipairs(command_line.options) do
    if option.name == name then return option end
  end
  error(("fmrun has no option %s to borrow"):format(name))
end

local help_option <const> = { "-h", "--help", name = "help", help = "print this and end" }

--- The options of a command, including those that it borrows from fmrun.
function command.options(made)
  local list = { scripts = made.takes == "parameters" }
  for i, option in ipairs(made.options or {}) do list[i] = type(option) == "string" and borrowed(option) or option end
  list[#list + 1] = help_option
  return list
end

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

--- What the file of a command returns; raises { message } for a user's file that holds no command.
local function read(module)
  local ok, made = pcall(require, module)
  if ok and type(made) == "table" and type(made.help) == "string" and type(made.usage) == "string" and type(made.run) == "function" then return made end
  local problem = ok and "expected { help = text, usage = text, run = function }" or traceback.text_of(made)
  error({ message = ("%s: %s"):format(by_name.file(module), problem), exit = 1 }, 0)
end

--- The command of that name; raises { usage }, or { message }.
function command.find(word)
  local module = module_of(word)
  if module then return read(module) end
  local advice = nearest.advice(word, command.names())
  if exists(word .. ".lua") then
    advice = nearest.meant(word .. ".lua")
  elseif advice == "" then
    advice = ("; see fmrun help, and a script ends in .lua or is written with a folder: ./%s"):format(word)
  end
  option_reader.refuse(('unknown command "%s"%s'):format(word, advice))
end

--- One line about the command of that name. For a broken file it is the error, so that one command
--- does not break the list.
function command.summary(word)
  local ok, made = pcall(command.find, word)
  return ok and made.help or traceback.text_of(made.message or made):match "[^\n]*"
end

function command.help(made)
  local lines = { "usage: " .. made.usage, "", made.help, "" }
  for _, example in ipairs(made.examples or {}) do lines[#lines + 1] = "  " .. example end
  if made.examples then lines[#lines + 1] = "" end
  lines[#lines + 1] = "options:"
  local options = option_reader.help(command.options(made))
  return table.concat(table.move(options, 1, #options, #lines + 1, lines), "\n")
end

--- Runs a user's command. An error in it is reported as one of its file, not of fmrun.
local function run_users(made, line)
  local ok, result = xpcall(made.run, function(problem)
    if type(problem) == "table" and (problem.usage or problem.message) then return problem end
    return { message = tostring(traceback.handler(problem)), exit = 1 }
  end, line)
  if ok then return math.tointeger(result) end
  error(result, 0)
end

--- What line.only is.
local function only(options, line, what, names)
  local known = {}
  for _, name in ipairs(names) do known[name] = true end
  for _, option in ipairs(options) do
    if line[option.name] and not known[option.name] then line.refuse(("%s does not go with %s"):format(option[#option], what)) end
  end
end

--- Runs the command at argv[place]; options before it are its own too. Returns the exit code;
--- raises { usage, try }.
function command.start(argv, place)
  local word = argv[place]
  local made = command.find(word)
  local words = table.move(argv, place + 1, #argv, place, table.move(argv, 1, place - 1, 1, {}))
  local function refuse(message) error({ usage = ("%s: %s"):format(word, message), try = word }, 0) end
  local options = command.options(made)
  local ok, line = pcall(option_reader.read, options, words)
  if not ok then refuse(line.usage) end
  if line.help then
    print(command.help(made))
    return 0
  end
  line.argv, line.refuse, line.only = argv, refuse, function(what, names) only(options, line, what, names) end
  if traceback.is_own(by_name.file(module_of(word))) then return made.run(line) or 0 end
  return run_users(made, line) or 0
end

return command
