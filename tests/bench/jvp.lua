-- jvp: microseconds of the article's network forward, of its fm.jvp along x and time, and of a step
-- back (loss and all gradients, no optimizer) through either. Medians of calls in turn, by the wall
-- clock. peers/jvp.py is the same in PyTorch and JAX.
--   fmrun --threads N tests/bench/jvp.lua [-- DIM HIDDEN BATCH]     prints one line of JSON
-- FM_BENCH_SECONDS sets its time.
local fm <const> = require "fm"
local clock <const> = fm.system.seconds
local dim <const>, hidden <const>, batch <const> = tonumber(arg[1] or 2), tonumber(arg[2] or 256), tonumber(arg[3] or 256)
local seconds <const> = tonumber(os.getenv "FM_BENCH_SECONDS" or "3")

local rng <const> = fm.rng(0)
local model <const> = fm.nn.vector_field { dim = math.tointeger(dim), hidden = math.tointeger(hidden) }
local x <const>, t <const>, dx <const> = rng:normal(batch, dim), rng:uniform(batch), rng:normal(batch, dim)

local works <const> = { "forward", "jvp", "forward_back", "jvp_back" }
local run <const> = {}
function run.forward()
  local scope <close> = fm.scope()
  model(x, t)
end
function run.jvp()
  local scope <close> = fm.scope()
  fm.jvp(model, { x, t }, { dx, 1 })
end
local function back(loss)
  for _, p in ipairs(model:parameters()) do p:zero_grad() end
  loss:backward()
end
function run.forward_back()
  local tape <close> = fm.record()
  back(model(x, t):square():mean())
end
function run.jvp_back()
  local tape <close> = fm.record()
  local v, dv = fm.jvp(model, { x, t }, { dx, 1 })
  back((v - dv):square():mean())
end

local times <const> = {}
for _, work in ipairs(works) do
  times[work] = {}
  for _ = 1, 20 do run[work]() end
end
local start <const> = clock()
repeat
  for _, work in ipairs(works) do
    for _ = 1, 10 do
      local before = clock()
      run[work]()
      table.insert(times[work], (clock() - before) * 1e6)
    end
  end
until clock() - start >= seconds
local found <const> = {}
for i, work in ipairs(works) do
  table.sort(times[work])
  found[i] = ('"%s":%.1f'):format(work, times[work][#times[work] // 2])
end
print(('{"peer":"fmrun","threads":%d,%s}'):format(fm.system.threads(), table.concat(found, ",")))
