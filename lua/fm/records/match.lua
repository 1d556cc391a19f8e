-- Which names a word may stand for. A name is parts, "moons/20260712-153012-7f3a1c2d" or
-- "moons/sweep-7f3a1c2d/0a1b2c3d"; a word is the beginnings of its last parts: "2026", "7f3a",
-- "moons/7f", "7f3a/0a". The hash of a part can replace the part.
local match <const> = {}

function match.split(name)
  local parts = {}
  for part in name:gmatch "[^/]+" do parts[#parts + 1] = part end
  return parts
end

--- "7f3a1c2d" of a part; the whole part when it has no hash. Runs with the same second and hash end
--- in -2, -3, ...
function match.hash(part)
  return part:match "^sweep%-(%x+)$" or part:match "^%d+%-%d+%-(%x+)$" or part:match "^%d+%-%d+%-(%x+%-%d+)$" or part
end

local function begins(text, beginning)
  return text:sub(1, #beginning) == beginning
end

--- "exact", "prefix" or nil: how the parts of a word match the last parts of a name.
local function how(parts, wanted)
  local shift = #parts - #wanted
  if shift < 0 then return nil end
  local result = "exact"
  for i, text in ipairs(wanted) do
    local part = parts[i + shift]
    local hash = match.hash(part)
    if part ~= text and hash ~= text then
      if not (begins(part, text) or begins(hash, text)) then return nil end
      result = "prefix"
    end
  end
  return result
end

--- Of a list of things with `parts`: those that the word matches, exactly or else by their
--- beginnings; and whether exactly.
function match.among(list, word)
  local wanted = match.split(word)
  local exact, prefix = {}, {}
  if #wanted == 0 then return {} end
  for _, thing in ipairs(list) do
    local kind = how(thing.parts, wanted)
    if kind == "exact" then exact[#exact + 1] = thing elseif kind then prefix[#prefix + 1] = thing end
  end
  if #exact > 0 then return exact, true end
  return prefix, false
end

--- The names of n parts by which things with `parts` can be called: "7f3a1c2d/0a1b2c3d" and
--- "sweep-7f3a1c2d/0a1b2c3d".
function match.spellings(list, n)
  local names = {}
  for _, thing in ipairs(list) do
    local parts, short = thing.parts, {}
    if #parts >= n then
      for i = #parts - n + 1, #parts do short[#short + 1] = match.hash(parts[i]) end
      names[#names + 1] = table.concat(short, "/")
      names[#names + 1] = table.concat(parts, "/", #parts - n + 1)
    end
  end
  return names
end

return match
