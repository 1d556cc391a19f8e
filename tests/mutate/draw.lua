-- The mistakes of a room in the order of a seed: first a kind, then one of that kind, so that the
-- rare ones are tried as well. The first ten of a room are the first of its hundred.
local fm <const> = require "fm"
local rules <const> = require "rules"
local tokens <const> = require "tokens"

--- The line of a text around a place, without blanks at its ends.
local function line_at(text, first, last)
  while first > 1 and text:sub(first - 1, first - 1) ~= "\n" do first = first - 1 end
  last = (text:find("\n", last, true) or #text + 1) - 1
  return text:sub(first, last):match "^%s*(.-)%s*$"
end

--- All mistakes of a file. Each has a key that stays when lines are added above it: file, kind, and
--- what the lines were and become.
local function of_file(path, text)
  local list <const> = rules.find(text, tokens.language(path))
  for _, mistake in ipairs(list) do
    mistake.file = path
    mistake.from = line_at(text, mistake.first, mistake.last)
    mistake.becomes = line_at(rules.planted(text, mistake), mistake.first, mistake.first + #mistake.to - 1)
    mistake.key = ("%s: %s: %s => %s"):format(path, mistake.kind, mistake.from, mistake.becomes)
  end
  return list
end

--- Returns a function that gives the next mistake, or nil after the last. `texts`: path -> text.
local function of_room(seed, room, paths, texts)
  local by_kind, kinds <const>, rng <const> = {}, {}, fm.rng(seed, "mutate " .. room)
  for _, path in ipairs(paths) do
    for _, mistake in ipairs(of_file(path, texts[path])) do
      by_kind[mistake.kind] = by_kind[mistake.kind] or {}
      table.insert(by_kind[mistake.kind], mistake)
    end
  end
  for _, kind in ipairs(rules.kinds) do
    if by_kind[kind] then kinds[#kinds + 1] = kind end
  end
  local function place(n) return math.min(math.floor(rng:number() * n) + 1, n) end
  return function()
    if #kinds == 0 then return end
    local which <const> = place(#kinds)
    local list <const> = by_kind[kinds[which]]
    local at <const> = place(#list)
    local mistake <const> = list[at]
    list[at] = list[#list]
    list[#list] = nil
    if #list == 0 then table.remove(kinds, which) end
    return mistake
  end
end

return { of_file = of_file, of_room = of_room }
