-- A metatable for objects, or for their methods: a name that is like one of `names` is an error.
-- Other names are nil, because a script may ask whether a field is there; `least` is the length
-- from which on a name is taken for a typo.
local core <const> = require "fm.core"
local nearest <const> = require "fm.parts.nearest"

return function(what, names, least)
  local known <const> = {}
  for _, name in ipairs(names) do known[name] = true end
  return { __index = function(_, name)
    if type(name) ~= "string" or #name < least or known[name] then return nil end
    local near = core.nearest(name, names)
    if near then core.fail(('%s has no "%s"%s'):format(what, name, nearest.meant(near))) end
    return nil
  end }
end
