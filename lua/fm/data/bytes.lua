-- bytes(path | text) -> ids [n] in 1..256, each one more than its byte; or nil and a message. Any
-- file will do.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local text_source <const> = require "fm.data.parts.text_source"

local chunk <const> = 4096 -- bytes that are on Lua's stack at once

return function(given, ...)
  options.no_more("bytes", 1, ...)
  local text, message = text_source("bytes", given)
  if not text then return nil, message end
  local ids = fm.zeros(#text):detach()
  for first = 1, #text, chunk do
    local scope <close> = fm.scope()
    local last = math.min(first + chunk - 1, #text)
    ids[{ first, last }] = fm.tensor { text:byte(first, last) } + 1
  end
  return ids
end
