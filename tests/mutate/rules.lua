-- The plausible single mistakes in a text: each a place and what would stand there.
-- rules.find(text, language) returns a list, in the order of the text, of
--
--   { kind, line, first, last, to, block }   bytes first..last become `to`; block: see blocks.lua
--
-- Comments and strings stay as they are. Many changes are no program; who plants them finds that
-- out.
local blocks <const> = require "blocks"
local defaults <const> = require "defaults"
local expressions <const> = require "expressions"
local statements <const> = require "statements"
local tokens <const> = require "tokens"

local ends_value <const>, is_name <const> = expressions.ends_value, expressions.is_name

local other_operator <const> = {
  ["+"] = "-", ["-"] = "+", ["*"] = "/", ["/"] = "*", ["//"] = "/", ["<"] = "<=", ["<="] = "<", [">"] = ">=", [">="] = ">", ["=="] = { lua = "~=", c = "!=" },
  ["~="] = "==", ["!="] = "==", ["and"] = "or", ["or"] = "and", ["&&"] = "||", ["||"] = "&&", ["+="] = "-=", ["-="] = "+=", ["*="] = "/=",
}

--- An operator between two values: both languages are written with spaces around those.
local function is_binary(t, i)
  local token <const>, before <const>, after <const> = t.list[i], t.list[i - 1], t.list[i + 1]
  return before and after and ends_value(before) and before.last < token.first - 1 and token.last < after.first - 1
end

local function operator(t, i, add)
  local token <const> = t.list[i]
  local to = token.kind ~= "string" and other_operator[token.text]
  if to and is_binary(t, i) then add("operator", i, i, type(to) == "table" and to[t.language] or to) end
end

--- A sign that is forgotten: -x becomes x.
local function sign(t, i, add)
  if t.list[i].text == "-" and t.list[i].kind == "op" and not ends_value(t.list[i - 1]) and t.list[i + 1] then add("sign", i, i, "") end
end

--- A term or a factor that is forgotten: a + b and a * b become a.
local function forgotten(t, i, add)
  local text <const> = t.list[i].text
  if t.list[i].kind ~= "op" or not is_binary(t, i) then return end
  if text == "+" or text == "-" then
    local last <const> = expressions.term(t.list, i + 1)
    if last then add("term", i, last, "", t.list[i - 1].last + 1) end
  elseif text == "*" or text == "/" then
    local last <const> = expressions.factor(t.list, i + 1)
    if last then add("factor", i, last, "", t.list[i - 1].last + 1) end
  end
end

local tiny <const>, huge <const>, longest_array <const> = 1e-11, 1e11, 8 -- beyond these a number is a guard or a buffer

local function constant(t, i, add)
  local token <const> = t.list[i]
  if token.kind == "name" and (token.text == "true" or token.text == "false") then
    return add("constant", i, i, token.text == "true" and "false" or "true")
  end
  local digits, unit = token.text:match "^([%d.]+[eE]?[+-]?%d*)(%a*)$"
  local value <const> = token.kind == "number" and tonumber(digits)
  if not value or (value ~= 0 and value < tiny) or value > huge then return end
  if t.language == "c" and t.list[i - 1].text == "[" and value >= longest_array then return end
  if math.type(value) == "float" then return add("constant", i, i, ("%.15g"):format(value * 2) .. unit) end
  add("constant", i, i, ("%d%s"):format(value + 1, unit))
  if value > 0 then add("constant", i, i, ("%d%s"):format(value - 1, unit)) end
end

--- Whether an argument is no string, table or function: a mistake with those is seen at once.
local function is_plain(t, argument)
  for i = argument[1], argument[2] do
    local token <const> = t.list[i]
    if token.kind == "string" or token.text == "{" or token.text == "function" then return false end
  end
  return true
end

local function text_of(t, first, last)
  return t.text:sub(t.list[first].first, t.list[last].last)
end

--- The arguments of the call whose bracket is token i; nil when that is none, or those of a
--- definition.
local no_call <const> = { ["if"] = true, ["for"] = true, ["while"] = true, ["switch"] = true, ["return"] = true, ["sizeof"] = true }
local function called(t, i)
  local token <const>, before <const> = t.list[i], t.list[i - 1]
  if token.text ~= "(" or token.kind ~= "op" or not token.match or not ends_value(before) or no_call[before.text] then return end
  if t.language == "c" and token.block == 0 then return end
  local from = i - 1
  while t.list[from] and (is_name(t.list[from]) or t.list[from].text == "." or t.list[from].text == ":") do from = from - 1 end
  if t.list[from] and t.list[from].text == "function" then return end
  return expressions.arguments(t.list, i)
end

--- Two arguments beside each other that change places.
local function swapped(t, i, add)
  local arguments <const> = called(t, i) or {}
  for k = 1, #arguments - 1 do
    local a <const>, b <const> = arguments[k], arguments[k + 1]
    local first <const>, second <const> = text_of(t, a[1], a[2]), text_of(t, b[1], b[2])
    if first ~= second and is_plain(t, a) and is_plain(t, b) then
      add("swapped", a[1], b[2], second .. t.text:sub(t.list[a[2]].last + 1, t.list[b[1]].first - 1) .. first)
    end
  end
end

--- A call that is skipped within an expression: f(x) becomes x, and x:f() does. Not what every use
--- would show at once.
local seen_at_once <const> = { ipairs = true, pairs = true, format = true }
local function skipped(t, i, add)
  local arguments <const>, list <const> = called(t, i), t.list
  if not arguments or seen_at_once[list[i - 1].text] then return end
  local before <const> = list[i - 2]
  if t.language == "lua" and before and before.text == ":" and before.kind == "op" then return add("skipped call", i - 2, list[i].match, "") end
  local first <const> = expressions.dotted(list, i - 1)
  if first and arguments[1] and is_plain(t, arguments[1]) then
    add("skipped call", first, list[i].match, "(" .. text_of(t, arguments[1][1], arguments[1][2]) .. ")")
  end
end

local durable <const> = { fsync = true, fdatasync = true, rename = true, renameat = true, ftruncate = true, flock = true, unlink = true, unlinkat = true }

--- A call of the system that is not made, and taken for one that worked.
local function unmade(t, i, add)
  if t.language == "c" and durable[t.list[i].text] and called(t, i + 1) then add("unmade", i, t.list[i + 1].match, "0") end
end

--- A condition that is negated.
local last_of_condition <const> = { ["if"] = "then", ["elseif"] = "then", ["while"] = "do" }
local function negated(t, i, add)
  local list <const>, word <const> = t.list, last_of_condition[t.list[i].text]
  if not word or list[i].kind ~= "name" then return end
  if t.language == "c" then
    if list[i + 1].match then add("negated", i + 1, list[i + 1].match, "(!" .. text_of(t, i + 1, list[i + 1].match) .. ")") end
    return
  end
  local last = i + 1
  while list[last].text ~= word or list[last].kind ~= "name" or list[last].block ~= list[i].block do last = last + 1 end
  add("negated", i + 1, last - 1, "not (" .. text_of(t, i + 1, last - 1) .. ")")
end

local all <const> = { operator, sign, forgotten, constant, swapped, skipped, unmade, negated, statements.dropped, defaults.ignored }
local kinds <const> = { "operator", "sign", "term", "factor", "constant", "swapped", "skipped call", "unmade", "negated", "dropped", "guard", "option" }

local function find(text, language)
  local list <const>, found = tokens.read(text, language), {}
  local probes <const> = blocks(list, language)
  local t <const> = { text = text, language = language, list = list }
  local function add(kind, first, last, to, from) -- from: the first byte, where that is not the token's
    local a <const> = list[first]
    found[#found + 1] = { kind = kind, line = a.line, first = from or a.first, last = list[last].last, to = to, block = a.block }
  end
  for i = 1, #list do
    for _, rule in ipairs(all) do rule(t, i, add) end
  end
  return found, probes
end

--- The text with a mistake in it.
local function planted(text, mistake)
  return text:sub(1, mistake.first - 1) .. mistake.to .. text:sub(mistake.last + 1)
end

return { find = find, planted = planted, kinds = kinds }
