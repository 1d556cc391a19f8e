-- What is wrong with a file, said with its path. The readers of JSON files begin with the file's
-- name, and what the system says begins with its path: neither is said twice.
return function(path, message)
  for _, name in ipairs { path, path:match "[^/]*$" } do
    if message:sub(1, #name) == name then return path .. message:sub(#name + 1) end
  end
  return ("%s: %s"):format(path, message)
end
