-- Runs `fmrun verify` in double and compares its rows with those of rows.jsonl: what is checked, to
-- which bound, and why. So a bound that is loosened, or a row that is lost, is seen. It fails also
-- when a row does not hold.
--   fmrun64 tests/verify/rows.lua                 all cases
--   fmrun64 tests/verify/rows.lua -- paths maps   these
--   fmrun64 tests/verify/rows.lua -- write        makes rows.jsonl anew
-- A bound of standard errors is that of its draws, which are the same everywhere but for rounding;
-- the others are the same.
local fm <const> = require "fm"
local uv <const> = require "luv"
local here <const> = arg[0]:match "^(.*)/" or "."
local files <const> = dofile(here .. "/../whole_files.lua")

local place <const> = here .. "/rows.jsonl"
local exact <const>, of_draws <const> = 1e-4, 0.05 -- how far a bound may be from what it was, as a part of it

--- A row without what depends on rounding: which of many had the largest error.
local function plain(row)
  local function steady(text) return text and text:gsub("of %l[%w_]*$", "of one of them") end
  return { case = row.case, what = steady(row.what), bound = row.bound, because = steady(row.because) }
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

local function wanted_of(cases)
  local list = {}
  for line in io.lines(place) do
    local row <const> = assert(fm.json.decode(line))
    if cases == "" or (" " .. cases .. " "):find(" " .. row.case .. " ", 1, true) then list[#list + 1] = row end
  end
  return list
end

local function differs(found, wanted)
  if not found or not wanted then return true end
  local limit <const> = wanted.because:find "standard error" and of_draws or exact
  return found.case ~= wanted.case or found.what ~= wanted.what or found.because ~= wanted.because
    or math.abs(found.bound - wanted.bound) > limit * math.abs(wanted.bound)
end


assert(fm.real == "double", "this is for fmrun64")
local cases <const> = table.concat(arg, " ")
local list, problems = rows_of(cases == "write" and "" or cases)
if cases == "write" then
  local lines = {}
  for i, row in ipairs(list) do lines[i] = fm.json.encode(row) .. "\n" end
  files.write(place, table.concat(lines))
else
  local wanted <const> = wanted_of(cases)
  for i = 1, math.max(#list, #wanted) do
    if differs(list[i], wanted[i]) then
      problems[#problems + 1] = ("row %d was\n  %s\nand is\n  %s"):format(i, fm.json.encode(wanted[i] or {}), fm.json.encode(list[i] or {}))
    end
  end
end
for _, problem in ipairs(problems) do io.stderr:write(problem, "\n") end
print(("%d rows, %d problems"):format(#list, #problems))
os.exit(#problems == 0)
