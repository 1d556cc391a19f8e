-- A text of unknown origin as a terminal may show it and a file may hold it: control characters but \n and \t become "?", bytes that are no
-- UTF-8 are written as "\xE9".
return function(text)
  text = text:gsub("[^%C\n\t]", "?"):gsub("\xC2[\x80-\x9F]", "?")
  local pieces, from = {}, 1
  while true do
    local valid, bad = utf8.len(text, from)
    if valid then break end
    pieces[#pieces + 1] = text:sub(from, bad - 1)
    pieces[#pieces + 1] = ("\\x%02X"):format(text:byte(bad))
    from = bad + 1
  end
  return table.concat(pieces) .. text:sub(from)
end
