-- sample: seconds to sample with 100 Euler steps through the public API, as peers/peer_torch.py
-- does. Usage: fmrun tests/bench/sample.lua [workload ...] prints one JSON line each;
-- FM_BENCH_POINTS sets how many points, in place of those listed.
local fm <const> = require "fm"
local clock <const> = fm.system.seconds
local nn, ode = fm.nn, fm.ode

local workloads <const> = {
  { name = "toy2d", dim = 2, hidden = 256, n = 10000 },
  { name = "toy2d_small", dim = 2, hidden = 64, n = 10000 },
  { name = "image32", dim = 3072, hidden = 512, n = 1000 },
  { name = "text", dim = 256, hidden = 256, n = 10000 },
}

local points <const> = math.tointeger(os.getenv "FM_BENCH_POINTS")

local wanted = {}
for _, name in ipairs(arg) do wanted[name] = true end

for _, work in ipairs(workloads) do
  if #arg == 0 or wanted[work.name] then
    local rng = fm.rng(0)
    local model = nn.vector_field { dim = work.dim, hidden = work.hidden }
    local n, times = points or work.n, {}
    for i = 1, 3 do
      local start = clock()
      ode.solve(model, rng:normal(n, work.dim), { method = "euler", steps = 100 })
      times[i] = clock() - start
    end
    table.sort(times)
    print(('{"peer":"fmrun","work":"%s","sample_s":%.4f,"sample_n":%d}'):format(work.name, times[2], n))
  end
end
