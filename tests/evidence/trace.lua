-- trace: which public things a check depends on. It runs the check and prints those whose functions
-- were called on the way ("fm.nn.linear"), one a line; a file of numbers alone (a tableau) counts
-- when it is loaded.
--   lua5.4 tests/evidence/trace.lua golden|gradient|closed NAME [THING,...]
-- golden: a spec, as "golden/models"; all that it calls. gradient: such a spec; only what it calls
-- inside fm.gradcheck (once: whether it passes is the business of the suite) or, if it has golden
-- values, while a tape records. closed: a case of fmrun verify. With things it ends as soon as all
-- were met, prints those that were not, and its exit code tells. Stock Lua, whose debug.sethook
-- counts calls.
local kind <const>, name <const>, wanted <const> = arg[1], arg[2], arg[3]
local fm <const> = require "fm"
local things <const> = dofile "tests/evidence/things.lua"

local of_file <const>, met <const>, order <const> = {}, {}, {}
for _, thing in ipairs(things.all()) do of_file["@" .. thing.file] = thing.name end
local missing, left = {}, 0
for thing in (wanted or ""):gmatch "[^,]+" do missing[thing], left = true, left + 1 end

local exit <const> = os.exit
local function finish()
  debug.sethook()
  for thing in pairs(missing) do order[#order + 1] = thing end
  table.sort(order)
  for _, thing in ipairs(order) do
    if not wanted or missing[thing] then print(thing) end
  end
  io.stdout:flush()
  exit(next(missing) == nil, false)
end

local function meet(thing)
  if met[thing] then return end
  met[thing], order[#order + 1] = true, thing
  if missing[thing] then missing[thing], left = nil, left - 1 end
  if wanted and left == 0 then finish() end
end

-- ---- what counts ----

local checked = nil -- inside fm.gradcheck: what was called so far
local is_golden <const> = things.has_golden_values(name)

local function counts() return kind ~= "gradient" or checked or is_golden and fm.is_recording() end

local function called(thing)
  if checked then checked[thing] = true elseif counts() then meet(thing) end
end

local getinfo <const>, chunks <const> = debug.getinfo, {}
debug.sethook(function()
  local info = getinfo(2, "S")
  local thing = of_file[info.source]
  if thing and info.what == "main" then
    chunks[thing] = chunks[thing] or counts()
  elseif thing then
    called(thing)
  end
end, "c")

--- Whether there is a function in what a file returned.
local function has_functions(value)
  if type(value) ~= "table" then return type(value) == "function" end
  for _, inner in pairs(value) do
    if has_functions(inner) then return true end
  end
  return false
end

local function end_of_run()
  for thing, counted in pairs(chunks) do
    local value = package.loaded[thing]
    if counted and value and not has_functions(value) then meet(thing) end
  end
  finish()
end

-- ---- the check ----

if kind == "closed" then
  require "fm.verify.parts.case".run(name, require("fm.verify." .. name), function() end)
  end_of_run()
end
if kind == "gradient" then
  fm.real = "double" -- many gradients are checked in double alone, and stock Lua has none
  rawset(fm, "gradcheck", function(f, inputs)
    checked = {}
    local ok, problem = pcall(function()
      local tape <close> = fm.record()
      f(table.unpack(inputs))
    end)
    local list = checked
    checked = nil
    if not ok then error(problem, 0) end -- a spec of what is refused
    for thing in pairs(list) do meet(thing) end
    return true
  end)
end
os.exit = end_of_run -- luacheck: ignore 122
arg = { [0] = "tests/specs.lua", "-o", "TAP", things.spec(name) }
dofile "tests/specs.lua"
end_of_run() -- busted ends the process only when a test failed
