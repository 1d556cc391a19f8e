-- tables(p, rng): the rows of a CSV file in three parts, drawn by chance: a third is held out, a
-- sixth tells when to stop, the rest is learned.
--   train, valid, test   { x [n, D], labels [n] }, in the units of the file
--   known                train and valid together: what a model may be made of
--   names, classes       of the columns; of column p.by, or nil without it (then labels are 1)
local fm <const> = require "fm"

local function words(text)
  local list = {}
  for word in text:gmatch "%S+" do list[#list + 1] = math.tointeger(tonumber(word)) or word end
  return #list > 0 and list or nil
end

return function(p, rng)
  local x, names, classes, skipped = fm.data.csv(p.table, { columns = words(p.columns), categories = p.by ~= "" and p.by or nil, missing = "skip" })
  if not x then error(names, 0) end
  local _, by = next(classes)
  local labels, n, order = by and by.labels or fm.ones(#x), #x, rng:permutation(#x)
  local function part(first, last)
    local rows = order[{ first, last }]
    return { x = x:index_select(rows, 1), labels = labels:index_select(rows, 1) }
  end
  local test, valid = n // 3, n // 6
  if valid < 2 then fm.fail(("%s: expected at least 12 rows, found %d"):format(p.table, n)) end
  return { test = part(1, test), valid = part(test + 1, test + valid), train = part(test + valid + 1, n), known = part(test + 1, n),
    names = names, classes = by and by.names, skipped = skipped }
end
