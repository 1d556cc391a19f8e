-- Runs `fmrun verify` in double and compares its rows with those of rows.jsonl: what is checked, to
-- which bound, and why. So a bound that is loosened, or a row that is lost, is seen. It fails also
-- when a row does not hold.
--   fmrun64 tests/verify/rows.lua                 all cases
--   fmrun64 tests/verify/rows.lua -- paths maps   these
--   fmrun64 tests/verify/rows.lua -- write        makes rows.jsonl anew
-- A bound that is made of draws, or of a trained network, differs a little from machine to machine;
-- the others are the same everywhere.
local fm <const> = require "fm"
local uv <const> = require "luv"
local here <const> = arg[0]:match "^(.*)/" or "."
local files <const> = dofile(here .. "/../whole_files.lua")

local place <const> = here .. "/rows.jsonl"
local exact <const>, of_draws <const> = 1e-4, 0.05 -- how far a bound may be from what it was, as a part of it

--- A row without what depends on rounding: its error, and which of many had the largest.
local function plain(row)
  local because <const> = row.because and row.because:gsub("largest is of [%w_]+$", "largest is of one")
  return { case = row.case, what = row.what, bound = row.bound, because = because }
end

--- The rows of these cases ("" for all), whether they hold or not.
local function rows_of(cases)
  local pipe <close> = assert(io.popen(("'%s' verify -j 1 --json %s"):format(uv.exepath(), cases)))
  local list, bad = {}, {}
  for line in pipe:lines() do
    local row <const> = assert(fm.json.decode(line))
    list[#list + 1] = plain(row)
    if not row.ok then bad[#bad + 1] = ("%s: %s: %s"):format(row.case, row.what, row.problem or "it does not hold") end
  end
  return list, bad
end

--- The rows that were written, in the order of `verify`: that of the words, or all.
local function wanted_of(names)
  local by_case, all, list = {}, {}, {}
  for line in io.lines(place) do
    local row <const> = assert(fm.json.decode(line))
    by_case[row.case] = by_case[row.case] or {}
    table.insert(by_case[row.case], row)
    all[#all + 1] = row
  end
  for _, name in ipairs(names) do table.move(by_case[name] or {}, 1, #(by_case[name] or {}), #list + 1, list) end
  return #names > 0 and list or all
end

local function differs(found, wanted)
  if not (found and wanted and found.because and found.bound) then return true end
  local is_drawn <const> = wanted.because:find "draws" or wanted.because:find "standard error" or wanted.case == "training"
  return found.case ~= wanted.case or found.what ~= wanted.what or found.because ~= wanted.because
    or not (math.abs(found.bound - wanted.bound) <= (is_drawn and of_draws or exact) * wanted.bound)
end

assert(fm.real == "double", "this is for fmrun64")
local is_new <const> = arg[1] == "write"
local list, problems = rows_of(is_new and "" or table.concat(arg, " "))
if is_new then
  local lines = {}
  for i, row in ipairs(list) do lines[i] = fm.json.encode(row) .. "\n" end
  files.write(place, table.concat(lines))
else
  local wanted <const> = wanted_of(arg)
  for i = 1, math.max(#list, #wanted) do
    if differs(list[i], wanted[i]) then
      problems[#problems + 1] = ("row %d was\n  %s\nand is\n  %s"):format(i, fm.json.encode(wanted[i] or {}), fm.json.encode(list[i] or {}))
    end
  end
end
for _, problem in ipairs(problems) do io.stderr:write(problem, "\n") end
print(("%d rows, %d problems"):format(#list, #problems))
os.exit(#problems == 0)
