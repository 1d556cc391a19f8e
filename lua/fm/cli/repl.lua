-- The prompt: reads a line, or several until they make a chunk, prints what an expression gives,
-- shows errors and goes on. Ctrl-C stops what runs, or drops the line; Ctrl-D ends.
local system <const> = require "fm.core".system
local prompt_input <const> = require "fm.cli.prompt_input"
local shown <const> = require "fm.cli.shown"
local traceback <const> = require "fm.parts.traceback"

local chunk_name <const> = "=stdin"
local plain_print <const> = print

local function is_incomplete(message)
  return message:find "<eof>$" ~= nil
end

local function say(message)
  io.stderr:write(tostring(message), "\n")
end

--- Answers "?fm.ode.solve" from the reference, "?learning rate" by a search, and "?" by explaining
--- how to ask.
local function explain(words)
  if #words == 0 then
    print "?fm.ode.solve explains a name of fm; ?fm.ode lists what it holds; ?learning rate searches for words"
    return print "to use a value in later lines, set it without `local`: each line is a chunk of its own"
  end
  local columns = require "fm.cli.terminal.layout".columns() or 80
  if #words > 1 then
    local found = require "fm.cli.help.search".find(words)
    if #found > 0 then return print(require "fm.cli.help.hits".text(found, columns, require "fm.cli.terminal.paint"(1))) end
    return say(('nothing in the manual, the commands or the reference has "%s"'):format(table.concat(words, " ")))
  end
  local reference <const> = require "fm.cli.reference"
  local found, message = reference.find(words[1])
  if not found then return say(message) end
  for _, entry in ipairs(found) do print(reference.text(entry, columns)) end
end

--- The text as a chunk: an expression, whose values it returns, or statements. Else nil and a
--- message, which ends with <eof> when more text could complete the chunk.
local function compile(text)
  local question = text:match "^%s*%?([^\n]-)%s*$"
  if question then
    local words = {}
    for word in question:gmatch "%S+" do words[#words + 1] = word end
    return function() explain(words) end
  end
  local expression, missing = load("return " .. text, chunk_name)
  if expression then return expression end
  local chunk, message = load(text, chunk_name)
  return chunk, is_incomplete(missing) and missing or message
end

--- Reads until the text is a chunk. Returns it as a function; false and a message (none after
--- Ctrl-C); or nil at the end of the input.
local function read_chunk(input)
  local text = input.read(tostring(rawget(_G, "_PROMPT") or "> "))
  if not text then return text end
  local chunk, message = compile(text)
  while not chunk and is_incomplete(message) do
    local more = input.read(tostring(rawget(_G, "_PROMPT2") or ">> "))
    if more == false then return false end
    if not more then break end
    text = text .. more
    chunk, message = compile(text)
  end
  input.remember(text)
  return chunk or false, message
end

--- Prints values; a table without its own text is shown with its contents.
local function show(...)
  local values = table.pack(...)
  if values.n == 0 then return end
  if print == plain_print then
    for i = 1, values.n do values[i] = shown(values[i]) end
  end
  local printed, message = pcall(print, table.unpack(values, 1, values.n))
  if not printed then say(("error calling 'print' (%s)"):format(message)) end
end

--- One question and its answer. Returns false at the end of the input.
local function turn(input)
  system.interrupts(input.is_edited) -- otherwise Ctrl-C ends a waiting prompt
  local chunk, message = read_chunk(input)
  if chunk == nil then return false end
  system.interrupts(true)
  if chunk then
    local results = table.pack(xpcall(chunk, traceback.handler))
    if results[1] then show(table.unpack(results, 2, results.n)) else say(results[2]) end
  elseif message then
    say(message)
  end
  return true
end

--- Goes on until the input ends.
return function()
  if rawget(_G, "fm") == nil then rawset(_G, "fm", require "fm") end
  local input <close> = prompt_input.open()
  local more = true
  while more do
    local ok, problem = pcall(turn, input) -- an interruption may come between chunks
    if ok then more = problem else say(problem) end
  end
  system.interrupts(false)
  io.stdout:write "\n"
end
