--- The name of a Lua file, from its path: without its ending, in characters that a name in a folder
--- may have, at most 64 of them, and never "." or "..".
return function(path)
  return path:match "[^/]*$":gsub("%.lua$", ""):gsub("[^%w_.-]", "_"):gsub("^[.-]", "_"):sub(1, 64)
end
