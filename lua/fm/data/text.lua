-- text(path) -> list of words in lower case, list of sentences (lists of words, one a line); or nil
-- and a message. A word is letters, with apostrophes and hyphens inside; bytes beyond ASCII count
-- as letters and stay unchanged.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

local letter <const> = "[%a\x80-\xff]"
local word_pattern <const> = letter .. "[%a\x80-\xff'-]*"

return function(path, ...)
  options.no_more("text", 1, ...)
  if type(path) ~= "string" then fm.fail("text: expected a path, found " .. type(path)) end
  local all, message = fm.file.read(path)
  if not all then return nil, message end
  local words, sentences = {}, {}
  for line in all:gmatch "[^\n]+" do
    local sentence = {}
    for word in line:lower():gmatch(word_pattern) do
      word = word:gsub("['-]+$", "") -- a closing quote is not part of it
      words[#words + 1] = word
      sentence[#sentence + 1] = word
    end
    if #sentence > 0 then sentences[#sentences + 1] = sentence end
  end
  return words, sentences
end
