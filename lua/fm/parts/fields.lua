-- A list as in CSV: fields between commas. A field that begins with " ends at the next ", and may
-- hold commas; "" inside it means one ".

--- The fields of a text: { text, quoted = true } each; or nil and what is wrong.
return function(text)
  local list, at = {}, 1
  while true do
    local field
    if text:sub(at, at) == '"' then
      local from = at + 1
      repeat
        at = text:find('"', at + 1, true)
        if not at then return nil, "a quote stays open" end
        local doubled = text:sub(at + 1, at + 1) == '"'
        if doubled then at = at + 1 end
      until not doubled
      field, at = { text = text:sub(from, at - 1):gsub('""', '"'), quoted = true }, at + 1
      local after = text:match("^[^,]*", at)
      if after:find "%S" then return nil, ('expected a comma after the quote that closes, found "%s"'):format(after) end
      at = at + #after
    else
      local to = text:find(",", at, true) or #text + 1
      field, at = { text = text:sub(at, to - 1) }, to
    end
    list[#list + 1] = field
    if at > #text then return list end
    at = at + 1
  end
end
