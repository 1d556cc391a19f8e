-- The tokens of a text in Lua or C, in order, without comments; in C also without lines of the
-- preprocessor. A token is { kind = "name" | "number" | "string" | "op", text, first, last, line }.
local tokens <const> = {}

local function line_comment(mark)
  return function(text, i)
    return text:find("^" .. mark, i) and (text:find("\n", i, true) or #text + 1) - 1
  end
end

--- A string between quotes of one kind, escapes within it.
local function quoted(text, i)
  local quote = text:match("^[\"']", i)
  if not quote then return end
  local stop = i + 1
  while stop <= #text and text:sub(stop, stop) ~= quote do stop = stop + (text:sub(stop, stop) == "\\" and 2 or 1) end
  return stop
end

local function long_bracket(text, i)
  local level = text:match("^%[(=*)%[", i)
  return level and select(2, text:find("]" .. level .. "]", i, true))
end

local function long_comment(text, i)
  return text:find("^%-%-%[=*%[", i) and long_bracket(text, i + 2)
end

local function c_comment(text, i)
  return text:find("^/%*", i) and select(2, text:find("*/", i, true))
end

--- A line of the preprocessor, and those that continue it.
local function directive(text, i)
  if not text:find("^#", i) or text:sub(1, i - 1):match "[^\n]*$":find "%S" then return end
  local stop = i
  repeat stop = (text:find("\n", stop + 1, true) or #text + 1) until text:sub(stop - 1, stop - 1) ~= "\\"
  return stop - 1
end

local function pattern(...)
  local list = { ... }
  return function(text, i)
    for _, each in ipairs(list) do
      local _, last = text:find(each, i)
      if last then return last end
    end
  end
end

local number <const> = pattern("^0[xX]%x+%w*", "^%d+%.?%d*[eE][+-]?%d+%a*", "^%d+%.%d*%a*", "^%d+%a*", "^%.%d+[eE][+-]?%d+%a*", "^%.%d+%a*")
local name <const> = pattern "^[%a_][%w_]*"

-- What may stand at a place, in the order in which it is tried; "skip" makes no token.
local languages <const> = {
  lua = {
    { "skip", long_comment }, { "skip", line_comment "%-%-" }, { "string", long_bracket }, { "string", quoted }, { "number", number },
    { "name", name }, { "op", pattern("^%.%.%.", "^%.%.", "^[=~<>]=", "^//", "^::", "^<<", "^>>", "^.") },
  },
  c = {
    { "skip", c_comment }, { "skip", line_comment "//" }, { "skip", directive }, { "string", quoted }, { "number", number }, { "name", name },
    { "op", pattern("^%->", "^%+%+", "^%-%-", "^<<=", "^>>=", "^<<", "^>>", "^[=!<>+*/%%&|^-]=", "^&&", "^||", "^%.%.%.", "^.") },
  },
}

--- The language of a file, by its name.
function tokens.language(path)
  return path:find "%.lua$" and "lua" or "c"
end

function tokens.read(text, language)
  local list, i, line = {}, 1, 1
  while true do
    local first = text:find("%S", i)
    if not first then return list end
    line = line + select(2, text:sub(i, first - 1):gsub("\n", ""))
    local last
    for _, rule in ipairs(languages[language]) do
      last = rule[2](text, first)
      if last then
        local token = { kind = rule[1], text = text:sub(first, last), first = first, last = last, line = line }
        if token.kind ~= "skip" then list[#list + 1] = token end
        line = line + select(2, token.text:gsub("\n", ""))
        break
      end
    end
    i = last + 1
  end
end

return tokens
