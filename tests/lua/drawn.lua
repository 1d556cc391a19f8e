-- Compares what was drawn with a file of drawn/, which a person has read. After a change that is
-- meant, FM_DRAWN=write makes the files anew; `git diff` then shows what changed.
local assert <const> = require "luassert"
local files <const> = dofile "tests/whole_files.lua"

local here <const> = "tests/lua/drawn/"

--- Whether two lines are the same but for numbers that differ by at most `limit`.
local function is_near(a, b, limit)
  local numbers <const> = {}
  local rest = a:gsub("%-?%d+%.?%d*", function(text)
    numbers[#numbers + 1] = tonumber(text)
    return "#"
  end)
  local i, near = 0, true
  local other = b:gsub("%-?%d+%.?%d*", function(text)
    i = i + 1
    near = near and numbers[i] ~= nil and math.abs(tonumber(text) - numbers[i]) <= limit
    return "#"
  end)
  return near and rest == other and i == #numbers
end

--- A text against the file of that name, line by line. limit: how far numbers may be off (0).
return function(name, text, limit)
  if os.getenv "FM_DRAWN" == "write" then return files.write(here .. name, text) end
  local wanted <const>, n = files.read(here .. name), 0
  local found <const> = text:gmatch "([^\n]*)\n"
  for line in wanted:gmatch "([^\n]*)\n" do
    n = n + 1
    local own = found()
    if line ~= own and not (limit and own and is_near(line, own, limit)) then assert.equal(line, own, ("%s:%d"):format(name, n)) end
  end
  assert.is_nil(found(), name)
end
