-- Reads what the shim recorded (FM_FAULT_RECORD): the calls that changed files, in their order, as
-- { call, pid, number, bytes, path }.
--   open             the file is there now; number 1: and it was emptied
--   write            bytes, from byte `number` on
--   ftruncate        to `number` bytes
--   posix_fallocate  to `number` bytes at least
--   renameat         bytes: the path that it had before
--   fsync, remove, mkdir
local read <const> = dofile(debug.getinfo(1, "S").source:sub(2):gsub("[^/]*$", "") .. "../whole_files.lua").read

return function(path)
  local text, list, at = read(path), {}, 1
  while at <= #text do
    local call, pid, number, size, file, after = text:match("^(%l[%l_]*) (%d+) (%-?%d+) (%d+) ([^\n]*)\n()", at)
    assert(call, ("%s: byte %d begins no record"):format(path, at))
    local last = after + math.tointeger(tonumber(size)) - 1
    list[#list + 1] = { call = call, pid = pid, number = math.tointeger(tonumber(number)), bytes = text:sub(after, last), path = file }
    at = last + 2
  end
  return list
end
