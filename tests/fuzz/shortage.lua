-- Every public call while memory is short, under fmrun_stress (best with sanitizers):
--   fmrun_stress tests/fuzz/shortage.lua [limit | fail | collect | lua]... [slice] [WORD]    the
--     first three without a word; WORD: calls whose name holds it
--   limit     the call again with 512 bytes more of tensor memory each time, until it goes through
--   fail      the 1st, 2nd, 3rd ... allocation fails, alone, and with all that follow it
--   collect   the collector runs to its end before every allocation
--   lua       as fail, of the allocations of Lua itself. Finalizers that Lua has no memory to call
--             leave what they would free.
--   slice     fail and lua leave allocations out after the first: every eighth part more is tried
-- After each try nothing records, and no bytes are left. Prints what was tried; exit 1 when
-- something was left.
local fm <const> = require "fm"
local stress <const> = assert(stress, "this wants fmrun_stress") -- luacheck: ignore 113

local folder <const> = os.tmpname()
os.remove(folder)
assert(fm.file.mkdir_new(folder))
local list, missing = dofile "tests/fuzz/public.lua"(folder)
for _, name in ipairs(missing) do print("no call for " .. name) end

local modes, word, slice = {}, "", false
for _, name in ipairs(arg) do
  if name == "slice" then slice = true
  elseif name == "limit" or name == "fail" or name == "collect" or name == "lua" then modes[#modes + 1] = name
  else word = name end
end
if #modes == 0 then modes = { "limit", "fail", "collect" } end

local wrong, tried = 0, 0
local function complain(...)
  wrong = wrong + 1
  print("WRONG", ...)
end

local function collect()
  collectgarbage() collectgarbage()
end

-- Calls f and looks at what is left. Returns whether it went through, and what it said.
local function try(entry, where)
  local before = fm.live_bytes()
  tried = tried + 1
  local ok, message = pcall(function() entry.call() end)
  stress.count()
  fm.memory_limit(0)
  collect()
  if fm.is_recording() then complain(entry.name, where, "something still records") end
  if fm.live_bytes() ~= before then complain(entry.name, where, ("%d bytes are left"):format(fm.live_bytes() - before)) end
  return ok, message
end

local campaign <const> = {}

function campaign.limit(entry)
  local base = fm.live_bytes()
  for k = 0, 4000 do
    fm.memory_limit(base + 512 * k + 1)
    local ok, message = try(entry, 512 * k)
    if ok then return end
    local said = tostring(message) -- a file that is larger than all memory says so
    if not said:find "memory" and not said:find "over the limit" then complain(entry.name, 512 * k, message) end
  end
  complain(entry.name, "never went through")
end

local function fail(entry, of_lua)
  local function call() entry.call() end
  for _, forever in ipairs { false, true } do
    local n = 0
    while n < 3000 do
      n = n + (slice and n // 8 or 0) + 1
      local before = fm.live_bytes()
      tried = tried + 1
      stress.fail(n, forever, of_lua)
      local ok, message = pcall(call)
      local _, failed = stress.count()
      collect()
      if fm.is_recording() then complain(entry.name, n, forever, "something still records") end
      if fm.live_bytes() ~= before and not of_lua then complain(entry.name, n, forever, ("%d bytes are left"):format(fm.live_bytes() - before)) end
      if not failed then break end
      if not ok and not tostring(message):find "memory" then complain(entry.name, n, forever, message) end
    end
  end
end

function campaign.fail(entry) fail(entry, false) end
function campaign.lua(entry) fail(entry, true) end

function campaign.collect(entry)
  stress.collect(1)
  local ok, message = try(entry, "collect")
  stress.collect(0)
  if not ok then complain(entry.name, message) end
end

for _, mode in ipairs(modes) do
  local began = tried
  for _, entry in ipairs(list) do
    if entry.name:find(word, 1, true) then
      entry.call() -- modules are loaded, and what a call keeps for good is kept
      entry.call()
      collect()
      campaign[mode](entry)
    end
  end
  print(("%s: %d calls, %d tries"):format(mode, #list, tried - began))
end
os.execute("rm -r " .. folder)
print(("%d tries, %d wrong, %d names of the reference without a call"):format(tried, wrong, #missing))
if wrong + #missing > 0 then os.exit(1) end
