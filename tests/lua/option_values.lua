-- What specs of options share. A row is { what, call, key, default, other, with = more options }:
-- call {} is call { key = default }, and call { key = other } is something else. So the default is
-- the one that the reference names, and the option is not ignored.
local fm <const> = require "fm"
local assert <const> = require "luassert"

local function shown(result)
  if fm.is_tensor(result) then return { result:shape(), result:totable() } end
  if type(result) ~= "table" or getmetatable(result) then return result end
  local list = {}
  for key, value in pairs(result) do list[key] = shown(value) end
  return list
end

local function check(row)
  local _, call <const>, key <const> = table.unpack(row)
  local function with(value)
    local o = { [key] = value }
    for name, more in pairs(row.with or {}) do o[name] = more end
    local scope <close> = fm.scope()
    return shown(call(o))
  end
  local without <const> = with(nil)
  assert.same(with(row[4]), without)
  assert.are_not.same(with(row[5]), without)
end

--- A test for each row; `it` is busted's.
return function(it, rows)
  for _, row in ipairs(rows) do
    local default = type(row[4]) == "table" and fm.json.encode(row[4]) or tostring(row[4])
    it(("%s of %s is %s unless it is given"):format(row[3], row[1], default), function() check(row) end)
  end
end
