-- Whole files, as tests read and write them: an error for one that cannot be.
local whole_files <const> = {}

function whole_files.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

function whole_files.write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
end

return whole_files
