-- map_step: milliseconds of a training step of the founding network with two times (dim 2, hidden
-- 256, batch 256) for each kind of map loss, beside the flow-matching step of the same network.
-- Rounds of all in turn; medians. Usage: fmrun --threads 1 tests/bench/map_step.lua [kind ...];
-- FM_BENCH_ROUNDS and FM_BENCH_STEPS set how many rounds of how many steps. With the word serve it
-- answers lines "kind steps" with milliseconds: see peers/map_step.py.
local fm <const> = require "fm"
local clock <const> = fm.system.seconds
local nn, flow, optim = fm.nn, fm.flow, fm.optim

local x1 <const> = fm.rng(0, "data"):normal(256, 2)

local function stepper(kind)
  nn.seed(1)
  local model, rng = nn.vector_field { dim = 2, times = 2 }, fm.rng(0)
  local opt = optim.adam(model, { lr = 1e-3 })
  local settings = { rng = rng }
  local function one_time(x, t) return model(x, t, t) end
  if kind == "flow" then return function() return opt:step(function() return flow.loss(one_time, x1, settings) end) end end
  return function() return opt:step(function() return flow.map_loss(kind, model, x1, settings) end) end
end

local function milliseconds(step, steps)
  local start = clock()
  for _ = 1, steps do step() end
  return (clock() - start) / steps * 1e3
end

if arg[1] == "serve" then
  local known = {}
  for line in io.lines() do
    local kind, steps = line:match "^(%S+) (%d+)$"
    known[kind] = known[kind] or stepper(kind)
    print(milliseconds(known[kind], math.tointeger(steps)))
    io.stdout:flush()
  end
  return
end

local kinds <const> = #arg > 0 and { table.unpack(arg) } or { "meanflow", "lsd", "psd", "improved_meanflow", "alpha" }
local rounds <const> = math.tointeger(os.getenv "FM_BENCH_ROUNDS") or 11
local steps <const> = math.tointeger(os.getenv "FM_BENCH_STEPS") or 20

local list = { { name = "flow", step = stepper "flow", ms = {} } }
for _, kind in ipairs(kinds) do list[#list + 1] = { name = kind, step = stepper(kind), ms = {} } end
for _, work in ipairs(list) do milliseconds(work.step, 10) end
for round = 1, rounds do
  for _, work in ipairs(list) do work.ms[round] = milliseconds(work.step, steps) end
end
local base
for _, work in ipairs(list) do
  table.sort(work.ms)
  local ms, mallocs = work.ms[rounds // 2 + 1], fm.mallocs()
  base = base or ms
  for _ = 1, 20 do work.step() end
  print(('{"peer":"fmrun","work":"%s","ms_per_step":%.3f,"times_flow":%.2f,"mallocs_per_step":%g}')
    :format(work.name, ms, ms / base, (fm.mallocs() - mallocs) / 20))
end
