-- The work that tests/bench/compare measures, through the public API: the founding article's train
-- step (draw, path, loss, backward, Adam), and sampling with 100 Euler steps. Usage: fmrun
-- vector_field.lua -- DIM HIDDEN BATCH POINTS. Says ready. To a line "train" it answers steps per
-- second, by the wall clock over FM_BENCH_SECONDS; to "sample", the seconds that sampling POINTS
-- points takes.
local fm <const> = require "fm"
local flow, ode = fm.flow, fm.ode
local clock <const> = fm.system.seconds
local dim <const>, hidden <const> = math.tointeger(arg[1]), math.tointeger(arg[2])
local batch <const>, points <const> = math.tointeger(arg[3]), math.tointeger(arg[4])
local seconds <const> = tonumber(os.getenv "FM_BENCH_SECONDS")

local rng <const> = fm.rng(0)
local x1 <const> = rng:normal(batch, dim)
local model <const> = fm.nn.vector_field { dim = dim, hidden = hidden }
local opt <const> = fm.optim.adam(model, { lr = 1e-3 })
local settings <const> = { rng = rng }

local function loss() return flow.loss(model, x1, settings) end

local answers <const> = {}

function answers.train()
  for _ = 1, 5 do opt:step(loss) end
  local steps, start = 0, clock()
  repeat
    opt:step(loss)
    steps = steps + 1
  until clock() - start >= seconds
  return steps / (clock() - start)
end

function answers.sample()
  local start = clock()
  ode.solve(model, rng:normal(points, dim), { method = "euler", steps = 100 })
  return clock() - start
end

for _ = 1, 20 do opt:step(loss) end
io.stdout:setvbuf "line"
print "ready"
for line in io.lines() do print(answers[line]()) end
