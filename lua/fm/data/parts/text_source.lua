-- The text that a loader of tokens is given: itself, or the file that it names. A string is a text
-- when it has a line break. Else it is a path when there is such a file, or when it looks like one:
-- it has a / or ends like a file's name (.txt). What is left is a text again.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

local function exists(path)
  local file <close> = not path:find "\0" and io.open(path, "rb") or nil
  return file ~= nil
end

local function is_path(given)
  return not given:find "\n" and (exists(given) or given:find "/" ~= nil or given:find "%.%w+$" ~= nil)
end

--- The text, and what begins a message about it; or nil and a message.
return function(where, given)
  if type(given) ~= "string" then fm.fail(("%s: expected a path or a text, found %s"):format(where, options.shown(given))) end
  local path = is_path(given)
  local prefix = path and ("%s: %s"):format(given, where) or where
  local text = given
  if path then
    local read, message = fm.file.read(given)
    if not read then return nil, message end
    text = read
  end
  if text == "" then return nil, ("%s: the %s is empty"):format(prefix, path and "file" or "text") end
  return text, prefix
end
