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
local rng <const> = fm.rng(seed, "random_calls")
local drawn, at = nil, 0
local function random(n) -- 1..n; numbers are drawn many at a time
  if at == 0 then
    drawn = rng:at(rng:step() + 1):uniform(4096):totable()
    at = #drawn
  end
  at = at - 1
  return math.floor(drawn[at + 1] * n) % n + 1
end
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
local x <const> = fm.rng(1):normal(4, 3)
add_methods("tensor", function() return x:clone() end, fm.methods)
add_methods("rng", function() return fm.rng(2) end, methods.Rng)
local function model() return fm.nn.mlp { inputs = 3, hidden = { 4 }, outputs = 3 } end
add_methods("module", model, getmetatable(model()))
add_methods("path", function() return fm.flow.path "vp" end, getmetatable(fm.flow.path "vp"))
add_methods("optimizer", function() return fm.optim.adam(model()) end, methods.Optimizer)
add_methods("ema", function() return fm.optim.ema(model()) end, methods.Average)
add_methods("picture", function() return fm.plot.scatter(x[{ 1, 4 }]:slice(2, 1, 2)) end, getmetatable(fm.plot.scatter(x:slice(2, 1, 2))))
local exact <const> = fm.flow.exact.gaussian { mean = { 1, 2, 3 }, std = 0.5 }
add_methods("exact", function() return exact end, { map = exact.map, inverse = exact.inverse, score = exact.score, log_prob = exact.log_prob,
  sample = exact.sample, velocity = exact.velocity })
table.sort(functions, function(a, b) return a[1] < b[1] end)

local home <const>, folder <const> = lfs.currentdir(), os.tmpname()
os.remove(folder)
assert(lfs.mkdir(folder) and lfs.chdir(folder))
print("in " .. folder)
local trace <const> = assert(io.open("call.txt", "w"))

-- ---- what to call it with ----

local patience = 0
local function mine(text) -- functions of ours end a call that goes on for too long
  patience = patience - 1
  if patience < 0 then error("MINE: enough", 0) end
  if text then error("MINE: " .. text, 0) end
end

local function released()
  local scope <close> = fm.scope()
  return x * 2
end

local numbers <const> = { 0, 1, 2, 3, 4, -1, -2, 0.5, 1.5, -0.0, 1e-3, 1e308, 1e-320, 0 / 0, 1 / 0, -1 / 0, 7, 16, 100, 1 << 31, 1 << 32, 1 << 40, 1 << 53,
  math.maxinteger, math.mininteger, 2.0 ^ 63, 3.0 }
local words <const> = { "", "x", "linear", "vp", "ve", "cosine", "silu", "ot", "euler", "rk4", "dopri5", "dop853", "adaptive_heun", "mean", "sum", "data",
  "noise", "velocity", "score", "hutchinson", "exact", "batch", "sample", "segments", "full", "steps", "edm", "\0", "a\0b", "\xff\xfe", ("long"):rep(50),
  "../x", "call.txt", "sub/x.png", "x.svg", "x.npy", "nan", "1", "logit_normal", "stratified", "uniform", "zero", "min", "max", "x y", "none" }
local keys <const> = { "axis", "keep", "rng", "n", "noise", "steps", "method", "t0", "t1", "times", "grid", "save", "rtol", "atol", "max_nfe", "events",
  "control", "path", "coupling", "predict", "time", "weight", "cond", "x0", "t", "lr", "betas", "eps", "momentum", "decay", "clip", "size", "labels", "shuffle",
  "drop_last", "mean", "std", "means", "weights", "low", "high", "bins", "probes", "divergence", "reference", "limits", "title", "titles", "cells", "columns",
  "channels", "height", "width", "range", "scale", "log", "stride", "padding", "groups", "exponent", "min", "max", "act", "init", "bias", "inputs", "hidden",
  "outputs", "dim", "time_embed", "kind", "projections", "directions", "bandwidths", "unbiased", "sigma", "a", "s", "guard", "w", "last", "drift", "diffusion",
  "first", "axes", "shape", "forward", "backward", "memory", "gradient", "first_step", "max_step", "min_step", "controller", "first_row",
  "rows", "before_update", "every", "factor" }

local value

local tensors <const> = {
  function() return x end, function() return fm.tensor(2) end, function() return fm.zeros(0) end, function() return fm.zeros(0, 3) end,
  function() return fm.rng(random(9)):normal(3) end, function() return fm.rng(1):normal(4, 2) end, function() return fm.rng(1):normal(2, 3, 4) end,
  function() return fm.rng(1):normal(2, 3, 4, 4) end, function() return fm.range(1, 4) end, function() return fm.linspace(0, 1, 4) end,
  function() return fm.parameter(x) end, released, function() return fm.full({ 4, 3 }, 0 / 0) end, function() return fm.full({ 3, 3 }, 1 / 0) end,
  function() return x[2] end, function() return fm.zeros(1, 1, 1, 1, 1, 1, 1, 1) end, function() return fm.eye(4) end,
  function() return fm.rng(3):uniform(4, 3072) end,
}

--- What a function of ours was called with, unless it is a function: as the share of a step is.
local function plain(z) return type(z) ~= "function" and z end
local function nothing() mine() end
local function hostile() return setmetatable({ 1, 2 }, { __index = function() mine "index" end, __len = function() return 1 << 40 end, __pairs = nothing }) end

local tables <const> = {
  function() return {} end, function() return { 1, 2, 3 } end, function() return { 2, 3 } end, function() return { { 1, 2 }, { 3, 4 } } end,
  function() return { { 1, 2 }, { 3 } } end, function() return { "a", "b" } end, function() return { value(), value() } end,
  function() return { x, x } end, function() return { fm.parameter(x) } end, hostile,
  function() local t = {} t[1] = t t.t = t return t end, function() return { model(), fm.nn.silu() } end,
  function() return { function(z) mine() return z end } end, function() return { 0.25, 0.5 } end, function() return { 1, 0.5, 0 } end,
}

local function options()
  local t = {}
  for _ = 1, random(3) - 1 do t[pick(keys)] = value() end
  return t
end

local callables <const> = {
  function() return function(z) mine() return z end end,
  function() return function(z) mine() return (plain(z) or x) * 0.5 end end,
  function() return function() mine "thrown" end end,
  function() return function() mine() end end,
  function() return function() mine() return 3 end end,
  function() return function() mine() return "text" end end,
  function() return function() mine() return fm.zeros(7) end end,
  function() return function(z) mine() return (plain(z) or x) * (0 / 0) end end,
  function() return function() mine() return value() end end,
  function() return function() mine() coroutine.yield(1) end end,
  function() return function(z) mine() collectgarbage "step" return (plain(z) or x) + 1 end end,
}

local others <const> = {
  function() return true end, function() return false end, function() return nil end, function() return io.stdout end, function() return fm.rng(5) end,
  function() return coroutine.create(nothing) end, model, function() return fm.nn.linear(3, 3) end, function() return exact end,
  function() return fm.optim.adam(model()) end, function() return fm.json.null end, function() return fm.flow.path "ve" end,
  function() return fm.nn.vector_field { dim = 3, hidden = 4, time_embed = 2 } end,
}

local depth = 0
function value()
  depth = depth + 1
  local kind = random(12)
  local result
  if kind <= 3 or depth > 6 then result = pick(numbers)
  elseif kind <= 6 then result = pick(tensors)()
  elseif kind == 7 then result = pick(words)
  elseif kind == 8 then result = pick(tables)()
  elseif kind <= 10 then result = options()
  elseif kind == 11 then result = pick(callables)()
  else result = pick(others)() end
  depth = depth - 1
  return result
end

-- What the arguments of a function mostly are: a letter each. Good ones lead deeper than wrong
-- ones.
local kinds <const> = {
  t = function() return pick(tensors)() end, o = options, f = function() return pick(callables)() end, n = function() return random(6) end,
  w = function() return pick(words) end, l = function() return pick(tables)() end, r = function() return fm.rng(5) end,
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
    if kind and random(10) <= 7 then list[k] = kind() else list[k] = value() end
  end
  return list
end

-- ---- the campaign ----

local function shown(v)
  if type(v) == "number" then return ("%.17g"):format(v) end
  if type(v) == "string" then return ("%q"):format(v):sub(1, 40) end
  if fm.is_tensor(v) then return tostring(v):match "^[^\n{]*" end
  return type(v)
end

local vague <const> = { "attempt to ", "bad argument", "'%?'", "^[^:]*$", "stack overflow", "internal error", "expected got" }
local told, counts <const> = {}, { well = 0, refused = 0, mine = 0, failed = 0 }
local wrong = 0

local function judge(name, described, message)
  local text = type(message) == "table" and message.message or message
  if type(text) ~= "string" then text = "an error that is a " .. type(text) end
  if text:find("MINE:", 1, true) or text == "attempt to yield from outside a coroutine" then -- by a function of ours
    counts.mine = counts.mine + 1
    return
  end
  counts.refused = counts.refused + 1
  local bad = not text:find "random_calls%.lua:%d+: " and "no line of the script"
  for _, pattern in ipairs(vague) do bad = bad or text:gsub("^%S+: ", ""):find(pattern) and pattern end
  if bad then
    local key = name .. "  " .. text:gsub("%d+", "N"):sub(1, 100)
    if not told[key] then
      told[key] = true
      wrong = wrong + 1
      print(("%s(%s)\n    %s"):format(name, described, text))
    end
  end
end

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
  patience = 200
  fm.memory_limit(64 << 20)
  local ok, message = pcall(function() return (f[2](table.unpack(arguments, 1, n))) end)
  fm.memory_limit(0)
  fm.file.on_read(nil)
  if ok then counts.well = counts.well + 1 else judge(f[1], text, message) end
  message, arguments = nil, nil -- luacheck: ignore 311
  if i % 2000 == 0 then
    collectgarbage() collectgarbage()
    if fm.is_recording() then
      wrong = wrong + 1
      print(("something records after call %d"):format(i))
    end
  end
end
trace:close()
lfs.chdir(home)
os.execute("rm -r " .. folder)
collectgarbage() collectgarbage()
print(("%d functions, %d calls: %d well, %d refused, %d ended by our own functions; %d bytes of tensors more; %d messages say too little"):format(#functions,
  calls, counts.well, counts.refused, counts.mine, fm.live_bytes() - live, wrong))
if wrong > 0 then os.exit(1) end
