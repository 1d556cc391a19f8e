-- Names and values as on a command line: { "lr=0.003", "seed=2" }.
local sorted_keys <const> = require "fm.parts.sorted_keys"

--- A list of such words. `shown` writes a value; `keys` are the names in their order, or all of
--- them, sorted. Names without a value are left out.
return function(values, shown, keys)
  local list = {}
  for _, key in ipairs(keys or sorted_keys(values)) do
    local value = values[key]
    if value ~= nil then list[#list + 1] = key .. "=" .. shown(value) end
  end
  return list
end
