-- characters(path | text, {vocabulary}) -> ids [n] in 1..V, list of V names; or nil and a message.
-- A character is a code point of UTF-8 text. The names are the characters that occur, by code
-- point; or the vocabulary, a list of characters in any order, which must then know all of them.
-- The text of ids is that of their names, one after another.
local fm <const> = require "fm"
local no_holes <const> = require "fm.parts.no_holes"
local options <const> = require "fm.parts.options"
local text_source <const> = require "fm.data.parts.text_source"
local utf8_text <const> = require "fm.parts.utf8_text"

local chunk <const> = 65536 -- characters that are in a Lua table at once

--- The characters that occur, by code point.
local function names_in(text)
  local seen, codes, names = {}, {}, {}
  for _, code in utf8.codes(text) do
    if not seen[code] then
      seen[code] = true
      codes[#codes + 1] = code
    end
  end
  table.sort(codes)
  for i, code in ipairs(codes) do names[i] = utf8.char(code) end
  return names
end

--- code point -> its place in a list of characters
local function places_of(names)
  local places = {}
  for i, name in ipairs(names) do places[utf8.codepoint(name)] = i end
  return places
end

local function check_vocabulary(list)
  local where <const> = "characters: vocabulary"
  if type(list) ~= "table" then fm.fail(("%s: expected a list of characters, found %s"):format(where, options.shown(list))) end
  if #list == 0 then fm.fail(where .. ": has no characters") end
  no_holes(where, list)
  local seen = {}
  for i, name in ipairs(list) do
    if type(name) ~= "string" or utf8.len(name) ~= 1 then fm.fail(("%s: entry %d: expected one character, found %s"):format(where, i, options.shown(name))) end
    if seen[name] then fm.fail(("%s: entries %d and %d are both %s"):format(where, seen[name], i, options.shown(name))) end
    seen[name] = i
  end
end

--- What stands at a byte that the vocabulary does not know.
local function unknown(text, at, code, count)
  local before = text:sub(1, at - 1)
  local line = select(2, before:gsub("\n", "")) + 1
  local column = utf8.len(before:match "[^\n]*$") + 1
  return ("line %d, column %d: %s (U+%04X) is not among the %d characters of the vocabulary"):format(line, column,
    options.shown(utf8.char(code)), code, count)
end

--- ids of a text of n characters; or nil and a message.
local function ids_of(text, n, places, count)
  local ids, list, filled = fm.zeros(n):detach(), {}, 0
  local function put()
    local scope <close> = fm.scope()
    ids[{ filled + 1, filled + #list }] = fm.tensor(list)
    filled, list = filled + #list, {}
  end
  for at, code in utf8.codes(text) do
    local place = places[code]
    if not place then return nil, unknown(text, at, code, count) end
    list[#list + 1] = place
    if #list == chunk then put() end
  end
  if #list > 0 then put() end
  return ids
end

return function(given, o, ...)
  options.no_more("characters", 2, ...)
  o = options.read("characters", o, { vocabulary = options.none })
  if o.vocabulary ~= nil then check_vocabulary(o.vocabulary) end
  local text, where = text_source("characters", given)
  if not text then return nil, where end
  local problem = utf8_text.problem(text)
  if problem then return nil, ("%s: expected UTF-8 text, %s (data.bytes reads any file)"):format(where, problem) end
  local names = o.vocabulary and table.move(o.vocabulary, 1, #o.vocabulary, 1, {}) or names_in(text)
  local ids, message = ids_of(text, utf8.len(text), places_of(names), #names)
  if not ids then return nil, ("%s: %s"):format(where, message) end
  return ids, names
end
