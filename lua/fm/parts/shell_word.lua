-- A word as a shell wants it typed: in quotes when it holds anything that a shell would read.
return function(word)
  return word:find "^[%w_@%%+=:,./-]+$" and word or "'" .. word:gsub("'", "'\\''") .. "'"
end
