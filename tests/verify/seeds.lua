-- What a case of fmrun verify finds with other seeds than its own: the largest and the mean error
-- of each row beside its bound. Bounds of trained networks come from here.
--   fmrun tests/verify/seeds.lua -- training 8
local fm <const> = require "fm"
local case <const> = require "fm.verify.parts.case"

local name <const>, seeds <const> = arg[1], math.tointeger(tonumber(arg[2] or 8))
local made <const> = require("fm.verify." .. name)
local rows, order = {}, {}
for seed = 1, seeds do
  case.run(("%s, seed %d"):format(name, seed), made, function(row)
    if row.problem then error(row.problem) end
    local known = rows[row.what] or { largest = 0, mean = 0, bound = 0 }
    if not rows[row.what] then rows[row.what], order[#order + 1] = known, row.what end
    known.largest, known.bound = math.max(known.largest, row.error), math.max(known.bound, row.bound)
    known.mean = known.mean + row.error / seeds
  end)
end
print(("%d seeds in %s                                      largest      mean     bound"):format(seeds, fm.real))
for _, what in ipairs(order) do
  print(("%-58s %9.3g %9.3g %9.3g"):format(what, rows[what].largest, rows[what].mean, rows[what].bound))
end
