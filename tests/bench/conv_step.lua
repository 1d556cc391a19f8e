-- conv_step: steps per second of a small convolution network, by the wall clock, through the public
-- API: pictures of 3 x 32 x 32, four resolutions of work (stride, pooling, upsampling, a transposed
-- convolution), flow loss, Adam. Usage: fmrun --threads N tests/bench/conv_step.lua prints one JSON
-- line; FM_BENCH_SECONDS sets its time.
local fm <const> = require "fm"
local nn, flow, optim = fm.nn, fm.flow, fm.optim

local batch <const>, channels <const>, side <const> = 64, 3, 32
local seconds <const> = tonumber(os.getenv "FM_BENCH_SECONDS" or "4")
local rng <const> = fm.rng(0)

local parts = {}
local function weights(name, ...) -- the first size, or the second of a transposed convolution, is the outputs'
  local w = fm.parameter(rng:normal(...) * 0.05)
  parts[#parts + 1] = { name, w }
  return w
end

local wide <const> = { stride = 1, padding = 1 }
local half <const> = { stride = 2, padding = 1 }
local w1, b1 = weights("w1", 32, channels, 3, 3), weights("b1", 32)
local w2, b2 = weights("w2", 64, 32, 3, 3), weights("b2", 64)
local w3, b3 = weights("w3", 64, 64, 3, 3), weights("b3", 64)
local w4, b4 = weights("w4", 64, 64, 3, 3), weights("b4", 64)
local w5, b5 = weights("w5", 64, 32, 4, 4), weights("b5", 32)
local w6, b6 = weights("w6", channels, 32, 3, 3), weights("b6", channels)
local time <const> = nn.linear(1, 64, { act = "silu" })
parts[#parts + 1] = { "time", time }

local model <const> = nn.module(parts, function(_, x, t)
  local picture = x:reshape(-1, channels, side, side)
  local top = picture:conv2d(w1, b1, wide):silu()
  local down = (top:conv2d(w2, b2, half) + time(t:reshape(-1, 1)):reshape(-1, 64, 1, 1)):silu()
  local low = down:avg_pool2d({ size = 2 }):conv2d(w3, b3, wide):silu()
  local middle = (low:upsample_nearest2d({ scale = 2 }) + down):conv2d(w4, b4, wide):silu()
  local up = middle:conv_transpose2d(w5, b5, half):silu() + top
  return up:conv2d(w6, b6, wide):reshape(-1, channels * side * side)
end)

local x1 <const> = rng:normal(batch, channels * side * side)
local opt <const> = optim.adam(model, { lr = 1e-3 })
local settings <const> = { rng = rng }
local function loss() return flow.loss(model, x1, settings) end
for _ = 1, 3 do opt:step(loss) end
local mallocs <const> = fm.mallocs()
local steps, start = 0, fm.system.seconds()
local last
repeat
  last = opt:step(loss)
  steps = steps + 1
until fm.system.seconds() - start >= seconds
local elapsed <const> = fm.system.seconds() - start
print(('{"peer":"fmrun","work":"conv","threads":%d,"train_steps_per_s":%.2f,"ms_per_step":%.3f,"mallocs_per_step":%g,"loss":%.6f}')
  :format(fm.system.threads(), steps / elapsed, elapsed / steps * 1e3, (fm.mallocs() - mallocs) / steps, last))
