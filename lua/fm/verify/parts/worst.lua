-- worst(list of { name, thing }, error) -> the largest error(thing, name), and its name. A nan is
-- larger than any number.
return function(list, error)
  local largest, which = -1, "none"
  for _, entry in ipairs(list) do
    local name <const> = entry[1]
    local value = error(entry[2], name)
    if value > largest or value ~= value then largest, which = value, name end
    if value ~= value then break end
  end
  return largest, which
end
