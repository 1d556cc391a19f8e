-- A word as one types it in a shell: in quotes when it holds a character that is special to a
-- shell.
return function(word)
  return word:find "^[%w_@%%+=:,./-]+$" and word or "'" .. word:gsub("'", "'\\''") .. "'"
end
