-- trace: which public things a check depends on. It runs the check and prints those whose functions
-- were called on the way ("fm.nn.linear"), one a line; a file without functions of its own (a
-- tableau, an activation that is an op) counts when it is loaded.
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
local is_golden <const> = things.is_golden(name)

local function counts() return kind ~= "gradient" or checked or is_golden and fm.is_recording() end

local function called(thing)
  if checked then checked[thing] = true elseif counts() then meet(thing) end
end

local getinfo <const> = debug.getinfo

--- Whether there is a function of the file in what it returned.
local function has_functions(value, file)
  if type(value) == "function" then return getinfo(value, "S").source == "@" .. file end
  for _, inner in pairs(type(value) == "table" and value or {}) do
    if has_functions(inner, file) then return true end
  end
  return false
end

--- Whether the file of a thing has no functions; what it loads is forgotten again.
local function is_plain(file)
  local before, after = {}, {}
  for module in pairs(package.loaded) do before[module] = true end
  local value = dofile(file)
  for module in pairs(package.loaded) do after[#after + 1] = not before[module] and module or nil end
  for _, module in ipairs(after) do package.loaded[module] = nil end
  return not has_functions(value, file)
end

debug.sethook(function() -- Lua calls no hook inside a hook
  local info = getinfo(2, "S")
  local thing = of_file[info.source]
  if thing and not met[thing] and (info.what ~= "main" or counts() and is_plain(info.source:sub(2))) then called(thing) end
end, "c")

-- ---- the check ----

if kind == "closed" then
  require "fm.verify.parts.case".run(name, require("fm.verify." .. name), function() end)
  finish()
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
os.exit = finish -- luacheck: ignore 122
arg[0], arg[1], arg[2], arg[3] = "tests/specs.lua", "-o", "TAP", things.spec(name) -- luacheck: ignore 122
dofile "tests/specs.lua"
finish() -- busted ends the process only when a test failed
