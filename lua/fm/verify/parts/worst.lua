-- worst(list of { name, thing }, error) -> the largest error(thing, name), and its name. A nan is
-- larger than any number, and so is the error of none.
return function(list, error)
  local largest, which = -1, nil
  for _, entry in ipairs(list) do
    local name <const> = entry[1]
    local value = error(entry[2], name)
    if value > largest or value ~= value then largest, which = value, name end
    if value ~= value then break end
  end
  return which and largest or math.huge, which or "none"
end
