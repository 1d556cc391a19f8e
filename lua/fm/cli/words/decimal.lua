-- Decimal arithmetic on numbers as they are written: a grid from 0 to 1 by 0.1 has the points 0.1,
-- 0.2, 0.3, and not the sums of binary additions.
local decimal <const> = {}

local most_digits <const> = 18 -- of a whole number of 64 bits

--- "-1.25e3" as whole * 10 ^ power; nil when it has too many digits.
local function read(text)
  local sign, digits, fraction, power = text:match "^([+-]?)(%d*)%.?(%d*)[eE]?([+-]?%d*)$"
  if not digits then return nil end
  digits = (digits .. fraction):gsub("^0+", "")
  power = (math.tointeger(tonumber(power)) or 0) - #fraction
  if #digits > most_digits then return nil end
  local whole = math.tointeger(tonumber(digits == "" and "0" or digits))
  return sign == "-" and -whole or whole, power
end

--- The texts as whole numbers times one power of ten, and that power; nil when 64 bits cannot hold
--- them.
local function scaled(texts)
  local wholes, powers, least = {}, {}, math.maxinteger
  for i, text in ipairs(texts) do
    wholes[i], powers[i] = read(text)
    if not wholes[i] then return nil end
    if wholes[i] ~= 0 then least = math.min(least, powers[i]) end
  end
  if least == math.maxinteger then least = 0 end
  for i, whole in ipairs(wholes) do
    local zeros = whole ~= 0 and powers[i] - least or 0
    if zeros > most_digits or math.abs(whole) >= math.tointeger(10 ^ (most_digits - zeros)) then return nil end
    wholes[i] = whole * math.tointeger(10 ^ zeros)
  end
  return wholes, least
end

--- The grid of three texts, as { count, at(i) -> a number }; nil when their digits are too many or
--- too far apart.
function decimal.grid(first, last, step)
  local wholes, power = scaled { first, last, step }
  if not wholes then return nil end
  local from, to, by = table.unpack(wholes)
  return { count = (to - from) // by + 1, at = function(i)
    local whole = from + (i - 1) * by
    return power == 0 and whole or tonumber(("%de%d"):format(whole, power)) -- with "e0" it would be a double
  end }
end

return decimal
