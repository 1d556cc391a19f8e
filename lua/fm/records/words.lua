-- Numbers, times and statuses as readable text.
local named_values <const> = require "fm.parts.named_values"
local short <const> = require "fm.parts.short"

local words <const> = {}

--- A value of a config or a summary. Numbers have four significant digits; whole numbers have all.
function words.value(value)
  if type(value) == "table" then return require "fm.core".json.encode(value) end
  if value ~= value then return "nan" end -- whatever its sign
  if math.type(value) == "float" and math.tointeger(value) and math.abs(value) < 1e9 then return ("%d"):format(math.tointeger(value)) end
  if math.type(value) == "float" then return (("%.4g"):format(value):gsub("e([+-])0+", "e%1"):gsub("e%+", "e")) end
  if value == "" then return '""' end
  return tostring(value)
end

--- A mean and its deviation: "0.0776", " ± 0.0031", the deviation with two digits that count and
--- the mean with as many decimals.
function words.spread(mean, deviation)
  if not deviation then return words.value(mean), nil end
  if deviation <= 1e-12 * math.abs(mean) then return words.value(mean), " ± 0" end
  local decimals = 1 - math.floor(math.log(deviation, 10))
  if decimals > 8 or decimals < 0 then return words.value(mean), " ± " .. words.value(deviation) end
  local format = "%." .. decimals .. "f"
  return format:format(mean), " ± " .. format:format(deviation)
end

function words.seconds(value)
  return math.type(value) and short.duration(value) or nil
end

--- "2026-07-12T15:30:12.345Z" as "2026-07-12 15:30:12 UTC".
function words.time(value)
  return type(value) == "string" and value:gsub("^(%d+-%d+-%d+)T(%d+:%d+:%d+)%.?%d*Z$", "%1 %2 UTC") or nil
end

--- "lr=0.001 seed=2", in the order of `keys`.
function words.changes(changed, keys)
  return table.concat(named_values(changed, words.value, keys), " ")
end

function words.count(n, one, many)
  return ("%d %s"):format(n, n == 1 and one or many or one .. "s")
end

function words.bytes(bytes)
  if bytes < 1e6 then return ("%.0f kB"):format(bytes / 1e3) end
  if bytes < 1e9 then return ("%.1f MB"):format(bytes / 1e6) end
  return ("%.2f GB"):format(bytes / 1e9)
end

return words
