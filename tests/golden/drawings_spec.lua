-- Every plot draws the shapes that it drew when somebody looked at them: tests/golden/drawings.txt.
local checks <const> = dofile "tests/lua/checks.lua"
local drawings <const>, text_of <const> = dofile "tests/golden/drawings.lua", dofile "tests/golden/drawing_text.lua"

--- Whether two lines have the same words, and numbers that are the same but for a float's rounding.
local function alike(a, b)
  if a == b then return true end
  local next_word <const> = b:gmatch "%S+"
  for word in a:gmatch "%S+" do
    local other = next_word()
    local x, y = tonumber(word), tonumber(other)
    if word ~= other and not (x and y and math.abs(x - y) <= 0.003 + 1e-5 * math.abs(x)) then return false end
  end
  return next_word() == nil
end

describe("drawings", function()
  checks.no_bytes_stay(setup, teardown)

  local golden <const>, name = {}, nil
  for line in io.lines "tests/golden/drawings.txt" do
    name = line:match "^== (.*):" or name
    golden[name] = golden[name] or {}
    table.insert(golden[name], line)
  end

  for _, drawing in ipairs(drawings) do
    it("are the same: " .. drawing[1], function()
      local want <const>, found <const> = golden[drawing[1]], text_of(drawing[1], drawing[2]())
      for i = 1, math.max(#want, #found) do
        local same = want[i] and found[i] and alike(want[i], found[i])
        assert(same, ("line %d\n  was: %s\n  is:  %s"):format(i, tostring(want[i]), tostring(found[i])))
      end
    end)
  end
end)
