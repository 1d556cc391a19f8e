-- A picture as lines of text, one for each shape: its name, its numbers, colors as in HTML.
local fm <const> = require "fm"

local longest <const> = 24 -- numbers of a tensor that are written; of a longer one these at both ends, and all in two sums
local color_at <const> = { rectangle = 5, discs = 7, lines = 7, text = 7 }

local function number(v) return ("%.7g"):format(v) end

local function of_tensor(x)
  local words, list, sum, weighted = { "[" .. table.concat(x:shape(), " ") .. "]" }, x:reshape(-1):totable(), 0, 0
  for i, v in ipairs(list) do
    if #list <= longest or i <= longest // 2 or i > #list - longest // 2 then words[#words + 1] = number(v) end
    if v - v == 0 then sum, weighted = sum + v / #list, weighted + v * math.sin(i) / #list end
  end
  if #list > longest then words[#words + 1] = ("mean %s waved %s"):format(number(sum), number(weighted)) end
  return table.concat(words, " ")
end

local function of_shape(shape)
  local words = { shape[1] }
  for i = 2, shape.n do
    local value = shape[i]
    if fm.is_tensor(value) then words[i] = of_tensor(value)
    elseif type(value) == "string" then words[i] = ("%q"):format(value)
    elseif math.type(value) then words[i] = i - 1 == color_at[shape[1]] and ("#%06x"):format(value) or number(value)
    else words[i] = tostring(value) end
  end
  return table.concat(words, " ")
end

return function(name, picture)
  local lines = { ("== %s: %d x %d"):format(name, picture.width, picture.height) }
  for i, shape in ipairs(picture) do lines[i + 1] = of_shape(shape) end
  return lines
end
