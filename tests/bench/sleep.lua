-- What a run costs the processor while it waits in Lua, after a train step of several threads.
--   fmrun tests/bench/sleep.lua [SECONDS]      10 seconds with 1, 2 and 8 threads each
-- Prints seconds of processor time, of all threads together.
local fm <const> = require "fm"
local uv <const> = require "luv"

local seconds <const> = tonumber(arg[1] or 10)
local model <const> = fm.nn.vector_field { dim = 64, hidden = 256 }
local opt <const>, rng <const> = fm.optim.adam(model), fm.rng(0)
local x1 <const> = rng:normal(512, 64)

for _, n in ipairs { 1, 2, 8 } do
  fm.system.threads(n)
  for _ = 1, 5 do opt:step(function() return fm.flow.loss(model, x1, { rng = rng }) end) end
  local before = os.clock() -- of all threads
  uv.sleep(math.floor(seconds * 1000))
  print(("threads %d: %.4f s of %g s"):format(n, os.clock() - before, seconds))
end
