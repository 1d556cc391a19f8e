-- Where parts of an expression end, in tokens. All take the list of tokens and an index.
local expressions <const> = {}

local words <const> = {}
for word in ([[and break do else elseif end for function goto if in local not or repeat return then until while
  case const default enum goto sizeof static struct switch typedef]]):gmatch "%S+" do words[word] = true end
local suffix <const> = { ["."] = true, [":"] = true, ["->"] = true }
local ends <const> = { [")"] = true, ["]"] = true, ["}"] = true }

--- Whether a token is a name that is no word of the language.
function expressions.is_name(token)
  return token and token.kind == "name" and not words[token.text]
end

--- Whether a value may end with this token.
function expressions.ends_value(token)
  if not token then return false end
  if token.kind == "op" then return ends[token.text] or false end
  return token.kind ~= "name" or not words[token.text]
end

--- The last token of the factor that begins at i, with its signs, calls, fields and powers; nil
--- when none does.
function expressions.factor(list, i)
  local token = list[i]
  while token and (token.text == "-" or token.text == "not" or token.text == "#" or token.text == "!") do
    i = i + 1
    token = list[i]
  end
  if not token then return end
  local last
  if token.text == "(" and token.kind == "op" then last = token.match
  elseif token.kind == "number" or token.kind == "string" or expressions.is_name(token) then last = i end
  while last do
    local after <const> = list[last + 1]
    if not after or after.kind ~= "op" then break end
    if suffix[after.text] then last = last + 2
    elseif after.text == "(" or after.text == "[" then last = after.match
    elseif after.text == "^" then return expressions.factor(list, last + 2)
    else break end
  end
  return last
end

local times <const> = { ["*"] = true, ["/"] = true, ["%"] = true, ["//"] = true }

--- The last token of the term that begins at i: factors with * and / between them.
function expressions.term(list, i)
  local last = expressions.factor(list, i)
  while last and list[last + 1] and list[last + 1].kind == "op" and times[list[last + 1].text] do
    last = expressions.factor(list, last + 2)
  end
  return last
end

--- The first token of the name with dots that ends at i, "math.max"; nil when more stands before
--- it.
function expressions.dotted(list, i)
  if not expressions.is_name(list[i]) then return end
  while list[i - 1] and list[i - 1].text == "." and expressions.is_name(list[i - 2]) do i = i - 2 end
  local before <const> = list[i - 1]
  if before and before.kind == "op" and (suffix[before.text] or ends[before.text]) then return end
  return i
end

--- The arguments between the bracket at `open` and its other one: { first, last } of each.
function expressions.arguments(list, open)
  local close <const>, found = list[open].match, {}
  local first, i = open + 1, open + 1
  while i <= close do
    local token <const> = list[i]
    if i == close or (token.text == "," and token.kind == "op") then
      if i > first then found[#found + 1] = { first, i - 1 } end
      first = i + 1
    end
    i = (i < close and token.kind == "op" and token.match or i) + 1
  end
  return found
end

return expressions
