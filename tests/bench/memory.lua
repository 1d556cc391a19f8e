-- memory: a tiny model trained for a million steps (or as many as given) must not grow. Prints the
-- resident size after a tenth, and at the end. Usage: fmrun tests/bench/memory.lua [steps]
local fm <const> = require "fm"
local nn, flow, optim = fm.nn, fm.flow, fm.optim

local function resident_kb()
  local file = assert(io.open "/proc/self/status")
  local kb = file:read "a":match "VmRSS:%s*(%d+)"
  file:close()
  return math.tointeger(tonumber(kb))
end

local steps <const> = math.tointeger(tonumber(arg[1] or "1000000"))
local rng = fm.rng(0)
local x1 = rng:normal(8, 2)
local model = nn.vector_field { dim = 2, hidden = 4, time_embed = 4 }
local opt = optim.adam(model)
local settings = { rng = rng }
local function loss() return flow.loss(model, x1, settings) end

local function train(from, to)
  for step = from, to do
    rng:at(step)
    opt:step(loss)
  end
end

train(1, steps // 10)
local early, mallocs, live = resident_kb(), fm.mallocs(), fm.live_bytes()
train(steps // 10 + 1, steps)
print(('{"steps":%d,"resident_kb_after_a_tenth":%d,"resident_kb":%d,"mallocs_since":%d,"live_bytes_grew":%d}')
  :format(steps, early, resident_kb(), fm.mallocs() - mallocs, fm.live_bytes() - live))
