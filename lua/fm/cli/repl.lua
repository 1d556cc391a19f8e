-- The prompt: reads a line, or several until they make a chunk, prints what an expression gives, shows errors and goes on.
local system <const> = require "fm.core".system
local traceback <const> = require "fm.parts.traceback"

local chunk_name <const> = "=stdin"

local function read_line(prompt)
  io.stdout:write(prompt)
  io.stdout:flush()
  return io.read "L"
end

local function is_incomplete(message)
  return message:find "<eof>$" ~= nil
end

--- Answers "?fm.ode.solve" from the reference, and "?" with how to ask.
local function explain(name)
  if name == "" then return print "?fm.ode.solve explains a name of fm; ?fm.ode lists what it holds" end
  local reference <const> = require "fm.cli.reference"
  local found, message = reference.find(name)
  if not found then
    io.stderr:write(message, "\n")
    return
  end
  for _, entry in ipairs(found) do print(reference.text(entry, require "fm.cli.terminal.layout".columns() or 80)) end
end

--- Reads until the text is a chunk. Returns it as a function (for "?name" one that explains the name); false and a message; or nil at the end of the input.
local function read_chunk()
  local text = read_line(_G._PROMPT or "> ")
  if not text then return nil end
  local question = text:match "^%s*%?%s*([%w_.:]*)%s*$"
  if question then return function() explain(question) end end
  local expression = load("return " .. text, chunk_name)
  if expression then return expression end
  while true do
    local chunk, message = load(text, chunk_name)
    if chunk then return chunk end
    if not is_incomplete(message) then return false, message end
    local more = read_line(_G._PROMPT2 or ">> ")
    if not more then return false, message end
    text = text .. more
  end
end

local function show(ok, ...)
  if not ok then
    io.stderr:write((...), "\n")
  elseif select("#", ...) > 0 then
    local printed, message = pcall(print, ...)
    if not printed then io.stderr:write(("error calling 'print' (%s)\n"):format(message)) end
  end
end

--- Goes on until the input ends.
return function()
  while true do
    local chunk, message = read_chunk()
    if chunk then
      system.interrupts(true)
      local results = table.pack(xpcall(chunk, traceback.handler))
      system.interrupts(false)
      show(table.unpack(results, 1, results.n))
    elseif chunk == false then
      show(false, message)
    else
      io.stdout:write "\n"
      return
    end
  end
end
