-- Tables that a script reads and cannot change. read_only(values, name, index, refuse): the values lie in the metatable, under __fields, so that an
-- assignment to any name comes to refuse(key, value), which raises. pairs walks them; json.encode and options.read take them as a plain table.
return function(values, name, index, refuse)
  return setmetatable({}, { __name = name, __fields = values, __index = index, __pairs = function() return pairs(values) end,
    __newindex = function(_, key, value) refuse(key, value) end })
end
