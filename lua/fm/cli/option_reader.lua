-- Reads words by a table of options. fmrun itself and every command use it, so spelling, errors and
-- help are the same everywhere.
--   { "-o", "--runs", name = "runs", value = "DIR", help = "folder of the runs" }
-- name: the field of the result. value: it takes one, also written -oDIR or --runs=DIR. choices:
-- the values it takes. many: it may come several times and gives a list. action: it goes into
-- result.actions, in order with others of its kind. internal: it is for fmrun's own processes, so
-- no help names it.
-- advice, a field of the table: ends the message about an unknown option. scripts, a field of the
-- table: the words may name scripts, so an unknown option may be meant as a parameter of one.
local nearest <const> = require "fm.parts.nearest"

local option_reader <const> = {}

--- Raises { usage }: what is wrong with the words.
function option_reader.refuse(message)
  error({ usage = message }, 0)
end
local refuse <const> = option_reader.refuse

--- The whole number >= low that an option gives, or nil when it was not given. Calls `end_with`
--- with a message for any other text.
function option_reader.whole(flag, text, low, end_with)
  if not text then return nil end
  local n = text:find "^%d+$" and math.tointeger(tonumber(text))
  if not n or n < low then (end_with or refuse)(('%s: expected a whole number >= %d, found "%s"'):format(flag, low, text)) end
  return n
end

local function index(options)
  local by_flag, flags = {}, {}
  for _, option in ipairs(options) do
    for _, flag in ipairs(option) do
      by_flag[flag] = option
      if not option.internal then flags[#flags + 1] = flag end
    end
  end
  return by_flag, flags
end

--- The option that a word names, and the value inside the word ("-lmod", "--seed=1"), if any.
local function find_option(options, by_flag, flags, argv, place)
  local word = argv[place]
  if by_flag[word] then return by_flag[word] end
  local long, value = word:match "^(%-%-[^=]+)=(.*)$"
  if long and by_flag[long] and by_flag[long].value then return by_flag[long], value end
  local short = word:sub(1, 2)
  if short ~= "--" and by_flag[short] and by_flag[short].value then return by_flag[short], word:sub(3) end
  local parameter = options.scripts and require "fm.cli.parameter_hint"(argv, place)
  if parameter then refuse(('unknown option "%s"; did you mean %s?'):format(word, parameter)) end
  local near = #word > 2 and nearest.advice(long or word, flags) or ""
  refuse(('unknown option "%s"%s%s'):format(word, near, options.advice and "; " .. options.advice or ""))
end

local function check_choice(option, flag, value)
  if not option.choices then return end
  for _, choice in ipairs(option.choices) do
    if choice == value then return end
  end
  local n = #option.choices
  local list = table.concat(option.choices, ", ", 1, n - 1) .. (n > 1 and " or " or "") .. option.choices[n]
  refuse(('%s: expected %s, found "%s"%s'):format(flag, list, value, nearest.advice(value, option.choices)))
end

local function keep(result, option, flag, value)
  if option.value then check_choice(option, flag, value) end
  local name = option.name
  if option.action then
    table.insert(result.actions, { name, value })
  elseif option.many then
    result[name] = result[name] or {}
    table.insert(result[name], value)
  elseif option.value and result[name] then
    refuse(flag .. " given twice")
  else
    result[name] = value or true
  end
end

--- Reads argv[1..]. Returns { words, extra (what follows --), actions, and a field per option given
--- }; raises { usage = message }. take(result, word, place), if given, gets the words that are no
--- options; the reading ends when it returns true.
function option_reader.read(options, argv, take)
  local by_flag, flags = index(options)
  local result = { words = {}, extra = {}, actions = {} }
  local i = 1
  while i <= #argv do
    local word = argv[i]
    if word == "--" then
      table.move(argv, i + 1, #argv, 1, result.extra)
      break
    elseif word == "-" or word:sub(1, 1) ~= "-" then
      if not take then
        table.insert(result.words, word)
      elseif take(result, word, i) then
        break
      end
    else
      local option, value = find_option(options, by_flag, flags, argv, i)
      if option.value and not value then
        i = i + 1
        value = argv[i]
      end
      local flag = word:match "^%-%-[^=]+" or word
      if option.value and (not value or value == "" and not option.action) then refuse(("%s needs a value: %s"):format(flag, option.value)) end
      keep(result, option, flag, value)
    end
    i = i + 1
  end
  return result
end

--- The options that are for users: those that a page, a list or a completion may name.
function option_reader.listed(options)
  local list = {}
  for _, option in ipairs(options) do
    if not option.internal then list[#list + 1] = option end
  end
  return list
end

--- Lines of help, wrapped to the page: a name of each option, and beside it what it does.
function option_reader.help(options)
  local layout <const> = require "fm.cli.terminal.layout"
  local lines, names, width = {}, {}, 0
  options = option_reader.listed(options)
  for i, option in ipairs(options) do
    names[i] = table.concat(option, ", ") .. (option.value and " " .. option.value or "")
    width = math.max(width, #names[i])
  end
  local page <const> = layout.columns() or 80
  for i, option in ipairs(options) do
    local wrapped = layout.wrap(option.help, page, ("  %-" .. width .. "s  "):format(names[i]), (" "):rep(width + 4))
    table.move(wrapped, 1, #wrapped, #lines + 1, lines)
  end
  return lines
end

return option_reader
