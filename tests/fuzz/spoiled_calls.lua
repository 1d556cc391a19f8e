-- Calls of the whole API that work, with one of their arguments spoiled: they lead deeper than
-- random ones. None may crash, hang, keep recording or leak, and an error says at the script's line
-- which function and what. The calls are those of public.lua; in each, one call of a function or of
-- a tensor's method is chosen and one argument of it changed: replaced by anything, by a neighbour,
-- left out, or an option of it. Best with sanitizers, or with fmrun_stress:
--   fmrun tests/fuzz/spoiled_calls.lua [CALLS [SEED [WORD]]]     100000 calls of seed 1; WORD: of
--     entries of public.lua whose name holds it
--   FM_COLLECT=n        with fmrun_stress: the collector runs before every n-th allocation
-- Prints the counts and the messages that say too little; exit 1 when there is one. The call under
-- way stands in call.txt of the folder that is printed first, for one that crashes or hangs.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local reference <const> = require "fm.cli.reference"

local calls <const>, seed <const>, word <const> = tonumber(arg[1] or 100000), math.tointeger(tonumber(arg[2] or 1)), arg[3] or ""
local random <const> = dofile "tests/fuzz/random.lua"(seed, "spoiled_calls")

local messages <const>, values <const> = dofile "tests/fuzz/messages.lua", dofile "tests/fuzz/values.lua"(random)
local folder <const> = os.tmpname()
os.remove(folder)
assert(fm.file.mkdir_new(folder))
print("in " .. folder)
local trace <const> = assert(io.open(folder .. "/call.txt", "w"))

-- ---- spoiling ----

local function number_like(v)
  local kind, any = random(6), values.number()
  if kind == 1 then return -v elseif kind == 2 then return v + 1 elseif kind == 3 then return v - 1 elseif kind == 4 then return v * 0.5 end
  return any > 100 and any <= 1 << 40 and v or any -- so many steps would be right, and take days
end

local function misspelt(v)
  local i = random(#v + 1)
  return v:sub(1, i - 1) .. (random(2) == 1 and "x" or "") .. v:sub(i + 1)
end

local spoil

--- A copy with one entry spoiled, left out, or more than is known.
local function table_like(t)
  local copy, keys = {}, {}
  for key, v in next, t do copy[key], keys[#keys + 1] = v, key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  local key = keys[random(#keys + 1)]
  if key == nil then copy[values.word()] = values.value() elseif random(4) == 1 then copy[key] = nil else copy[key] = spoil(copy[key]) end
  return setmetatable(copy, getmetatable(t))
end

--- Something near v, or anything.
function spoil(v)
  if random(3) == 1 then return values.value() end
  if math.type(v) then return number_like(v) end
  if type(v) == "string" then return misspelt(v) end
  if type(v) == "table" and not getmetatable(v) then return table_like(v) end
  if fm.is_tensor(v) then return random(2) == 1 and values.tensor() or v * (random(2) == 1 and 0 or 0 / 0) end
  return values.value()
end

-- ---- every function is watched ----

local depth, made, chosen = 0, 0, 0 -- calls under way; of the script so far; which one is spoiled
local described

local function spoiled(name, ...)
  local list = table.pack(...)
  local i = random(list.n + 1)
  if i > list.n then list.n = i end
  list[i] = spoil(list[i])
  local told = {}
  for k = 1, list.n do told[k] = messages.shown(list[k]) end
  described = ("%s(%s)"):format(name, table.concat(told, ", "))
  trace:seek("set", 0)
  trace:write(described, (" "):rep(300), "\n")
  trace:flush()
  return list
end

local function ended(...)
  depth = depth - 1
  return ...
end

local function watched(name, f)
  return function(...)
    if depth > 0 or not debug.getinfo(2, "S").source:find "tests/" then return f(...) end
    made, depth = made + 1, 1
    if made ~= chosen then return ended(f(...)) end
    local list = spoiled(name, ...)
    return ended(f(table.unpack(list, 1, list.n)))
  end
end

local function watch(name, room, key)
  if type(room[key]) == "function" then room[key] = watched(name, room[key]) end
end

local function watch_all()
  for _, entry in ipairs(reference.parse(assert(io.open "lua/fm/meta/fm.lua"):read "a")) do
    local top = entry.name:match "^fm%.(%l[%w_]*)$"
    local room, key = entry.name:match "^fm%.([%l.]+)%.([%w_]+)$"
    local method = entry.name:match "^fm%.Tensor:([%w_]+)$"
    if top and entry.kind == "function" and top ~= "fail" then watch(top, fm, top) end
    if method and fm.methods[method] then watch("x:" .. method, fm.methods, method) end
    if room and entry.kind ~= "class" then
      local module = fm
      for part in room:gmatch "%l+" do module = module[part] end
      watch(entry.name:sub(4), module, key)
    end
  end
end

-- ---- the campaign ----

local list <const> = {}
for _, entry in ipairs((dofile "tests/fuzz/public.lua"(folder .. "/files"))) do
  if entry.name:find(word, 1, true) then list[#list + 1] = entry end
end
assert(fm.file.mkdir_new(folder .. "/files"))
local is_tensor <const>, live_bytes <const>, is_recording <const>, limit <const> = fm.is_tensor, fm.live_bytes, fm.is_recording, fm.memory_limit
local home <const> = lfs.currentdir()
watch_all()
assert(lfs.chdir(folder)) -- a spoiled path may lead anywhere below
fm.is_tensor, fm.live_bytes, fm.is_recording, fm.memory_limit = is_tensor, live_bytes, is_recording, limit -- the campaign's own

local function run(entry)
  made, depth, described = 0, 0, nil
  values.begin()
  limit(64 << 20)
  local ok, message = pcall(function() entry.call() end)
  local own <const> = depth == 0 -- no call was under way: the script itself made nothing of a result
  depth = 1
  limit(0)
  return ok, message, own
end

local of <const>, sum = {}, 0 -- how many calls each makes
for i, entry in ipairs(list) do
  chosen = 0
  run(entry)
  of[i], sum = made, sum + made
end
collectgarbage() collectgarbage()
local live <const> = live_bytes()
local tally <const> = messages.tally()
for i = 1, calls do
  local k = random(#list)
  chosen = random(math.max(1, of[k]))
  local ok, message, own = run(list[k])
  own = own or tostring(message):find "^tests/[%w_/]+%.lua:%d+: attempt to " -- or a function that it gave away
  if ok then tally.well = tally.well + 1
  elseif own then tally.mine = tally.mine + 1
  else tally:error(list[k].name, ("%s: %s"):format(list[k].name, described), message) end
  message = nil -- luacheck: ignore 311
  if i % 1000 == 0 then
    collectgarbage() collectgarbage()
    if is_recording() then tally:complain(("something records after call %d"):format(i)) end
  end
end
trace:close()
assert(lfs.chdir(home))
os.execute("rm -r " .. folder)
collectgarbage() collectgarbage()
print(("%d entries of %d calls, %d times one was spoiled: %d well, %d refused, %d ended by our own functions; %d bytes of tensors more; "
  .. "%d messages say too little"):format(#list, sum, calls, tally.well, tally.refused, tally.mine, live_bytes() - live, tally.wrong))
if tally.wrong > 0 then os.exit(1) end
