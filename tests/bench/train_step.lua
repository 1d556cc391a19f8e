-- train_step: steps per second of the founding article's recipe (draw, path, loss, backward, Adam)
-- through the public API. Usage: fmrun tests/bench/train_step.lua [workload ...] prints one JSON
-- line each; FM_BENCH_SECONDS sets the time of one.
local fm <const> = require "fm"
local clock <const> = fm.system.seconds
local nn, flow, optim = fm.nn, fm.flow, fm.optim

local workloads <const> = {
  { name = "toy2d", dim = 2, hidden = 256, batch = 256 },
  { name = "toy2d_small", dim = 2, hidden = 64, batch = 256 },
  { name = "image32", dim = 3072, hidden = 512, batch = 128 },
  { name = "text", dim = 256, hidden = 256, batch = 256 },
}
local seconds <const> = tonumber(os.getenv "FM_BENCH_SECONDS" or "4")

local wanted = {}
for _, name in ipairs(arg) do wanted[name] = true end

for _, work in ipairs(workloads) do
  if #arg == 0 or wanted[work.name] then
    local rng = fm.rng(0)
    local x1 = rng:normal(work.batch, work.dim)
    local model = nn.vector_field { dim = work.dim, hidden = work.hidden }
    local opt = optim.adam(model, { lr = 1e-3 })
    local settings = { rng = rng }
    local function loss() return flow.loss(model, x1, settings) end
    for _ = 1, 20 do opt:step(loss) end
    local mallocs = fm.mallocs()
    local steps, start, last = 0, clock(), nil
    repeat
      for _ = 1, 5 do last = opt:step(loss) end
      steps = steps + 5
    until clock() - start >= seconds
    local elapsed = clock() - start
    print(('{"peer":"fmrun","work":"%s","train_steps_per_s":%.1f,"ms_per_step":%.3f,"mallocs_per_step":%g,"loss":%.4f}')
      :format(work.name, steps / elapsed, elapsed / steps * 1e3, (fm.mallocs() - mallocs) / steps, last))
  end
end
