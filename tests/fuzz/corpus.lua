-- fmrun tests/fuzz/corpus.lua FOLDER FILE: the files of a folder in one, by name, each after its
-- size in 4 bytes: what `fuzz_readers again` reads.
local lfs <const> = require "lfs"
local whole <const> = dofile "tests/whole_files.lua"

local names = {}
for name in lfs.dir(arg[1]) do
  if name:sub(1, 1) ~= "." then names[#names + 1] = name end
end
table.sort(names)
for i, name in ipairs(names) do names[i] = string.pack("<s4", whole.read(arg[1] .. "/" .. name)) end
whole.write(arg[2], table.concat(names))
