-- Random calls of the whole API with random arguments, most of them wrong: none may crash, hang,
-- keep recording or leak, and an error says at the script's line which function and what. Best with
-- sanitizers:
--   fmrun tests/fuzz/random_calls.lua [CALLS [SEED [WORD]]]      100000 calls of seed 1; WORD: of
--     functions whose name holds it
-- Prints the counts and the messages that say too little; exit 1 when there is one. The call under
-- way stands in ./call.txt of the folder that is printed first, for one that crashes or hangs.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local core <const> = require "fm.core"
local reference <const> = require "fm.cli.reference"

local calls <const>, seed <const>, word <const> = tonumber(arg[1] or 100000), math.tointeger(tonumber(arg[2] or 1)), arg[3] or ""
local random <const> = dofile "tests/fuzz/random.lua"(seed, "random_calls")
local function pick(list) return list[random(#list)] end

-- ---- what there is to call ----

local functions <const> = {}
local function add(name, f)
  if type(f) == "function" or type(getmetatable(f)) == "table" and getmetatable(f).__call then
    if name:find(word, 1, true) then functions[#functions + 1] = { name, f } end
  end
end

local function add_methods(name, object, class)
  for key, f in pairs(class) do
    if type(key) == "string" and not key:find "^__" then add(name .. ":" .. key, function(...) return f(object(), ...) end) end
  end
end

local skipped <const> = { system = true, processes = true, fail = true, methods = true, ode_engine = true, measure = true, file = true,
  live_bytes = true, experiment = true }
for name, value in pairs(core) do
  if not skipped[name] then
    add(name, value)
    if type(value) == "table" then
      for inner, f in pairs(value) do add(name .. "." .. inner, f) end
    end
  end
end
for _, name in ipairs { "read", "write", "append", "sync", "cut", "has_room", "mkdir_new", "hash", "hash_file" } do add("file." .. name, fm.file[name]) end
local methods <const> = {} -- class -> its methods by name; an object does not show them
for _, entry in ipairs(reference.parse(assert(io.open "lua/fm/meta/fm.lua"):read "a")) do
  local class, method = entry.name:match "^fm%.(%u%a*):([%w_]+)$"
  if class then
    methods[class] = methods[class] or {}
    methods[class][method] = function(object, ...) return object[method](object, ...) end
  end
  local top = entry.name:match "^fm%.(%l[%w_]*)$" -- in a file of its own, such as fm.jvp
  if top and entry.kind == "function" and not core[top] and not skipped[top] then add(top, fm[top]) end
  local room, name = entry.name:match "^fm%.([%l.]+)%.([%w_]+)$"
  if room and entry.kind ~= "class" and room ~= "experiment" then
    local module = fm
    for part in room:gmatch "%l+" do module = module[part] end
    add(room .. "." .. name, module[name])
  end
end
local messages <const>, values <const> = dofile "tests/fuzz/messages.lua", dofile "tests/fuzz/values.lua"(random)
local x <const>, model <const>, exact <const> = values.x, values.model, values.exact
add_methods("tensor", function() return x:clone() end, fm.methods)
add_methods("rng", function() return fm.rng(2) end, methods.Rng)
add_methods("module", model, getmetatable(model()))
add_methods("path", function() return fm.flow.path "vp" end, getmetatable(fm.flow.path "vp"))
add_methods("optimizer", function() return fm.optim.adam(model()) end, methods.Optimizer)
add_methods("ema", function() return fm.optim.ema(model()) end, methods.Average)
add_methods("picture", function() return fm.plot.scatter(x[{ 1, 4 }]:slice(2, 1, 2)) end, getmetatable(fm.plot.scatter(x:slice(2, 1, 2))))
add_methods("exact", function() return exact end, { map = exact.map, inverse = exact.inverse, score = exact.score, log_prob = exact.log_prob,
  sample = exact.sample, velocity = exact.velocity })
table.sort(functions, function(a, b) return a[1] < b[1] end)

local home <const>, folder <const> = lfs.currentdir(), os.tmpname()
os.remove(folder)
assert(lfs.mkdir(folder) and lfs.chdir(folder))
print("in " .. folder)
local trace <const> = assert(io.open("call.txt", "w"))

-- ---- what to call it with ----

-- What the arguments of a function mostly are: a letter each. Good ones lead deeper than wrong
-- ones.
local kinds <const> = {
  t = values.tensor, o = values.options, f = values.callable, n = function() return random(6) end, w = values.word, l = values.table,
  r = function() return fm.rng(5) end,
  m = function() return random(2) == 1 and model() or fm.nn.vector_field { dim = 3, hidden = 4, time_embed = 2 } end,
}
local likely <const> = { { "^tensor:", "tto" }, { "^metrics%.", "tto" }, { "^flow%.loss", "mto" }, { "^flow%.exact", "o" }, { "^flow%.path", "wo" },
  { "^flow%.coupling", "wo" }, { "^flow%.", "fto" }, { "^ode%.", "fto" }, { "^sde%.", "fto" }, { "^optim%.", "mo" }, { "^plot%.quiver", "tto" },
  { "^plot%.", "to" }, { "^data%.batches", "tno" }, { "^data%.", "o" }, { "^nn%.", "nno" }, { "^optimizer:step", "fo" }, { "^rng:", "nnn" },
  { "^path:sample", "tttt" }, { "^path:", "t" }, { "^module:", "l" }, { "^ema:swap", "f" }, { "^exact:sample", "nr" }, { "^exact:", "tt" }, { "^save", "wl" },
  { "^json%.encode", "lo" }, { "^gradcheck", "flo" }, { "^custom", "o" }, { "^npy%.save", "wt" }, { "^png%.save", "wt" }, { "", "tto" } }

local function arguments_for(name)
  local profile
  for _, entry in ipairs(likely) do
    if name:find(entry[1]) then
      profile = entry[2]
      break
    end
  end
  local n = random(3) == 1 and random(5) - 1 or #profile
  local list = { n = n }
  for k = 1, n do
    local kind = kinds[profile:sub(k, k)]
    if kind and random(10) <= 7 then list[k] = kind() else list[k] = values.value() end
  end
  return list
end

-- ---- the campaign ----

local shown <const> = messages.shown
local tally <const> = messages.tally()

fm.json.encode {} -- what is loaded on first use is loaded
collectgarbage() collectgarbage()
local live <const> = fm.live_bytes()
for i = 1, calls do
  local f = pick(functions)
  local arguments, described = arguments_for(f[1]), {}
  local n = arguments.n
  for k = 1, n do described[k] = shown(arguments[k]) end
  local text = table.concat(described, ", ")
  trace:seek("set", 0)
  trace:write(("%d %s(%s)%s\n"):format(i, f[1], text, (" "):rep(200)))
  trace:flush()
  values.begin()
  fm.memory_limit(64 << 20)
  local ok, message = pcall(function() return (f[2](table.unpack(arguments, 1, n))) end)
  fm.memory_limit(0)
  fm.file.on_read(nil)
  if ok then tally.well = tally.well + 1 else tally:error(f[1], ("%s(%s)"):format(f[1], text), message) end
  message, arguments = nil, nil -- luacheck: ignore 311
  if i % 2000 == 0 then
    collectgarbage() collectgarbage()
    if fm.is_recording() then tally:complain(("something records after call %d"):format(i)) end
  end
end
trace:close()
lfs.chdir(home)
os.execute("rm -r " .. folder)
collectgarbage() collectgarbage()
print(("%d functions, %d calls: %d well, %d refused, %d ended by our own functions; %d bytes of tensors more; %d messages say too little"):format(#functions,
  calls, tally.well, tally.refused, tally.mine, fm.live_bytes() - live, tally.wrong))
if tally.wrong > 0 then os.exit(1) end
