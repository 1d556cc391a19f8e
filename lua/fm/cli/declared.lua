-- What a script declares, without running its experiment, for params, check and completion. What
-- the script prints meanwhile goes to stderr, so that stdout holds only data.
local declared <const> = {}

--- Calls f with print and io.write on stderr. f must not raise.
local function aside(f, ...)
  local print, output = _G.print, io.output()
  io.output(io.stderr)
  _G.print = function(...)
    local words = table.pack(...)
    for i = 1, words.n do words[i] = tostring(words[i]) end
    io.stderr:write(table.concat(words, "\t"), "\n")
  end
  local results = table.pack(f(...))
  _G.print = print
  io.output(output)
  return table.unpack(results, 1, results.n)
end

--- The script (from fm.cli.scripts) with its experiment; or nil and a message.
function declared.open(path)
  local script, message = aside(require "fm.cli.launch".open, path, { [0] = "fmrun", path }, 1, {})
  if message then return nil, message end
  if not script.experiment then return nil, ("%s returns no experiment: it is a plain script"):format(path) end
  return script
end

--- The same for a command: ends the command when there is no experiment.
function declared.expect(path)
  local script, message = declared.open(path)
  if not script then error({ message = message, exit = 1 }, 0) end
  return script
end

return declared
