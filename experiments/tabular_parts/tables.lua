-- tables(p, rng): the rows of a CSV file in three parts, drawn by chance: a third is held out, a
-- sixth tells when to stop, the rest is learned.
--   train, valid, test   { x [n, D], labels [n] }, in the units of the file
--   known                train and valid together: what a model may be made of
--   names, classes, by   of the columns; of the column that p.by says, and its name; or nil without
--                        it (then labels are 1)
-- Columns are said by name or by number. A name that is a number, or has spaces, stands in quotes.
local fm <const> = require "fm"

local least <const> = 15 -- rows: C2ST needs five that are held out

local headers <const> = { yes = true, no = false }

--- A column as data.csv takes it.
local function column(word) return word:match '^"(.*)"$' or math.tointeger(tonumber(word)) or word end

local function columns(text)
  local list, at = {}, 1
  while text:find("%S", at) do
    local word, after = text:match('^%s*("[^"]*")()', at)
    if not word then word, after = text:match("^%s*(%S+)()", at) end
    list[#list + 1], at = column(word), after
  end
  return #list > 0 and list or nil
end

return function(p, rng)
  local x, names, classes, skipped = fm.data.csv(p.table, { columns = columns(p.columns), categories = p.by ~= "" and column(p.by) or nil, missing = "skip",
    header = headers[p.header] })
  if not x then error(names, 0) end
  local name, by = next(classes)
  local labels, n, order = by and by.labels or fm.ones(#x), #x, rng:permutation(#x)
  local function part(first, last)
    local rows = order[{ first, last }]
    return { x = x:index_select(rows, 1), labels = labels:index_select(rows, 1) }
  end
  local test, valid = n // 3, n // 6
  if n < least then fm.fail(("%s: expected at least %d rows, found %d"):format(p.table, least, n)) end
  return { test = part(1, test), valid = part(test + 1, test + valid), train = part(test + valid + 1, n), known = part(test + 1, n),
    names = names, classes = by and by.names, by = name, skipped = skipped }
end
