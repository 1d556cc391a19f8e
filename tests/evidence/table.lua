-- Run by tests/evidence/table: traces every check, picks for every thing and kind the one that
-- depends on the fewest other things, and writes them into lua/fm/manual/evidence.md. Prints what
-- has no evidence and no reason; exits 1 then. With the word "reasons" it traces nothing: the page
-- keeps its checks and gets the present reasons.
local files <const> = dofile "tests/whole_files.lua"
local page <const> = dofile "tests/evidence/page.lua"
local things <const> = dofile "tests/evidence/things.lua"
local reasons <const> = dofile "tests/evidence/reasons.lua"

local path <const> = "lua/fm/manual/evidence.md"

local function count(set)
  local n = 0
  for _ in pairs(set) do n = n + 1 end
  return n
end

local all <const> = things.all()

--- The check of each kind and thing that depends on the fewest things.
local function traced()
  local cells <const>, fewest <const> = {}, {}
  for _, thing in ipairs(all) do cells[thing.name] = {} end
  for _, kind in ipairs(page.kinds) do
    for _, check in ipairs(things.checks(kind)) do
      local begun = os.time()
      local found = things.trace(kind, check)
      local n = count(found)
      io.stderr:write(("%-8s %-28s %3d things, %d s\n"):format(kind, check, n, os.time() - begun))
      for name in pairs(found) do
        local key = kind .. name
        if cells[name] and n < (fewest[key] or math.huge) then cells[name][kind], fewest[key] = check, n end
      end
    end
  end
  return cells
end

local text <const> = files.read(path)
local cells <const> = arg[1] == "reasons" and page.read(text) or traced()
files.write(path, text:sub(1, text:find("\n## fm", 1, true)) .. page.write(all, cells, reasons)) -- below what is written by hand
local problems <const> = page.problems(all, cells, reasons)
for _, problem in ipairs(problems) do print(problem) end
os.exit(#problems == 0)
