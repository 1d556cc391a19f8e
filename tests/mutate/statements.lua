-- Statements that are forgotten: a call or an assignment that is a line of its own ("dropped"), and
-- a line that returns early or raises under a condition ("guard").
local expressions <const> = require "expressions"

local statements <const> = {}

-- After these a statement may begin; after every other operator a line goes on.
local lua_before <const> = { [")"] = true, ["]"] = true, ["}"] = true, [";"] = true, ["..."] = true }
local lua_words_before <const> = { ["then"] = true, ["do"] = true, ["else"] = true, ["repeat"] = true, ["end"] = true, ["break"] = true }
local c_before <const> = { [";"] = true, ["{"] = true, ["}"] = true, [":"] = true }
local assigns <const> = { ["="] = true, ["+="] = true, ["-="] = true, ["*="] = true, ["/="] = true, ["++"] = true, ["--"] = true }

local function may_begin(t, i)
  local before <const> = t.list[i - 1]
  if not before then return t.language == "lua" end
  if t.language == "c" then return before.kind == "op" and c_before[before.text] end
  if before.kind == "op" then return lua_before[before.text] end
  return expressions.ends_value(before) or lua_words_before[before.text]
end

--- The last token of the line of token i, when the brackets and blocks of the line close on it.
local function last_of_line(t, i)
  local list <const>, last = t.list, i
  while list[last + 1] and list[last + 1].line == list[i].line do last = last + 1 end
  for k = i, last do
    if list[k].match and (list[k].match < i or list[k].match > last) then return end
  end
  local after <const> = list[last + 1]
  if after and (not after.statement or after.block ~= list[i].block) and not (after.text == "end" or after.text == "}") then
    return
  end
  if t.language == "lua" and after and after.kind == "op" and after.text ~= "::" and after.text ~= ";" then return end
  if t.language == "c" and list[last].text ~= ";" then return end
  return last
end

--- Whether tokens i..last call or assign: not a declaration.
local function acts(t, i, last)
  local list <const>, second <const> = t.list, t.list[i + 1]
  if not expressions.is_name(list[i]) or not second then return false end
  if t.language == "c" and (second.kind == "name" or second.text == "*") then return false end
  if list[last].text == ")" or (t.language == "c" and list[last - 1].text == ")") then return true end
  local k = i
  while k <= last do
    if assigns[list[k].text] and list[k].kind == "op" then return true end
    k = (list[k].match and list[k].match > k and list[k].match or k) + 1
  end
  return false
end

function statements.dropped(t, i, add)
  local list <const>, token <const> = t.list, t.list[i]
  if not token.statement or token.block == 0 and t.language == "c" then return end
  if list[i - 1] and list[i - 1].line == token.line or not may_begin(t, i) then return end
  local last <const> = last_of_line(t, i)
  if not last then return end
  local to <const> = t.language == "c" and ";" or ""
  if token.text == "if" and token.kind == "name" then
    if list[last].text == "end" or t.language == "c" then add("guard", i, last, to) end
  elseif acts(t, i, last) then
    add("dropped", i, last, to)
  end
end

return statements
