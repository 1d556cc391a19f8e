-- Writes drawings.txt: build/fmrun64 tests/golden/make_drawings.lua
-- For when a picture is to look different: look at it, and at what git says has changed.
local text_of <const> = dofile "tests/golden/drawing_text.lua"

local file <close> = assert(io.open("tests/golden/drawings.txt", "w"))
for _, drawing in ipairs(dofile "tests/golden/drawings.lua") do
  file:write(table.concat(text_of(drawing[1], drawing[2]()), "\n"), "\n")
end
