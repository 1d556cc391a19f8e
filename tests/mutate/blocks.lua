-- The blocks of a text: function bodies and what stands between then, else, do, repeat and their
-- end; in C the braces of a function, if, else, for, while, do. Sets for each token
--
--   block      the number of the innermost block it lies in; 0 is the file
--   statement  whether a statement could begin there: no bracket is open in the block
--   match      for a bracket the index of the other one
--
-- and returns where a probe of each block may stand: { at = the last byte of what opens it, line },
-- by number.
local opens_lua <const> = { ["then"] = true, ["else"] = true, ["do"] = true, ["repeat"] = true }
local closes_lua <const> = { ["end"] = true, ["until"] = true, ["elseif"] = true, ["else"] = true }
local other <const> = { [")"] = "(", ["]"] = "[", ["}"] = "{" }
local no_call <const> = { ["return"] = true, ["case"] = true, ["sizeof"] = true }

local function reader(list)
  local self = { stack = { { block = 0 } }, probes = {} }
  function self.top() return self.stack[#self.stack] end
  function self.open(entry) self.stack[#self.stack + 1] = entry end
  function self.close() return #self.stack > 1 and table.remove(self.stack) or {} end

  --- Opens a block after token i; one that is not new counts as the one around it.
  function self.open_block(i, is_new)
    local block = self.top().block
    if is_new then
      self.probes[#self.probes + 1] = { at = list[i].last, line = list[i].line }
      block = #self.probes
    end
    self.open { block = block }
  end

  --- Brackets that are no block: returns what the bracket that token i closes was opened with.
  function self.bracket(i, entry)
    local text = list[i].text
    if text == "(" or text == "[" or text == "{" then
      entry.block, entry.bracket = self.top().block, i
      self.open(entry)
    elseif other[text] then
      local opened = self.close()
      if opened.bracket then list[i].match, list[opened.bracket].match = opened.bracket, i end
      return opened
    end
  end
  return self
end

local function read_lua(list, self)
  local is_function = false
  for i, token in ipairs(list) do
    local text <const> = token.kind ~= "string" and token.text or ""
    if closes_lua[text] then self.close() end
    token.block, token.statement = self.top().block, not self.top().bracket
    if text == "function" then
      is_function = true
    elseif opens_lua[text] then
      self.open_block(i, true)
    elseif token.kind == "op" then
      local opened = self.bracket(i, { parameters = is_function and text == "(" })
      if text == "(" then is_function = false end
      if opened and opened.parameters then self.open_block(i, true) end
    end
  end
end

--- Whether the brace at i opens a block, and whether that is one whose beginning is run.
local function c_block(list, i)
  local before = list[i - 1] or {}
  if before.text == "else" or before.text == "do" then return true, true end
  if before.text == ":" or before.text == ";" or (before.text == "{" and before.is_block) or (before.text == "}" and before.is_block) then
    return list[i].block > 0, true
  end
  local head = before.text == ")" and before.match and list[before.match - 1]
  if not head or head.kind ~= "name" or no_call[head.text] then return false end
  return true, head.text ~= "switch"
end

local function read_c(list, self)
  for i, token in ipairs(list) do
    token.block, token.statement = self.top().block, not self.top().bracket
    local is_block, is_new
    if token.text == "{" and token.kind == "op" then is_block, is_new = c_block(list, i) end
    if is_block then
      token.is_block = true
      self.open_block(i, is_new)
      self.top().brace = true
    elseif token.text == "}" and token.kind == "op" and self.top().brace then
      token.is_block = true
      self.close()
    elseif token.kind == "op" then
      self.bracket(i, {})
    end
  end
end

return function(list, language)
  local self <const> = reader(list);
  (language == "lua" and read_lua or read_c)(list, self)
  return self.probes
end
