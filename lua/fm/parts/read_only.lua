-- Tables that a script reads and cannot change. read_only(values, name, index, refuse): the values
-- lie in the metatable, under __fields, so an assignment to any name calls refuse(key, value),
-- which raises. pairs walks the values; json.encode and options.read take them like a plain table.
return function(values, name, index, refuse)
  return setmetatable({}, { __name = name, __fields = values, __index = index, __pairs = function() return pairs(values) end,
    __newindex = function(_, key, value) refuse(key, value) end })
end
