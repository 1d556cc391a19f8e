-- torchcfm_toy: milliseconds per train step of the toy that torchcfm's examples train: eight
-- Gaussians to moons, an MLP of 3 x 64 SELU over [x, t], Adam 1e-3, batch 256; with independent
-- pairs and with exact optimal transport of the batch. peers/torchcfm_toy.py is the same in
-- PyTorch. Usage: fmrun tests/bench/torchcfm_toy.lua prints one JSON line each; FM_BENCH_SECONDS
-- sets the time of one.
local fm <const> = require "fm"
local clock <const> = fm.system.seconds
local nn, flow, optim, data = fm.nn, fm.flow, fm.optim, fm.data

local seconds <const> = tonumber(os.getenv "FM_BENCH_SECONDS" or "4")
local batch <const>, path <const> = 256, fm.flow.path("i_cfm", { sigma = 0.1 })

for _, coupling in ipairs { "independent", "ot" } do
  local rng = fm.rng(0)
  local net = nn.mlp { inputs = 3, hidden = { 64, 64, 64 }, outputs = 2, act = "selu" }
  local function model(x, t) return net(fm.cat(x, t:reshape(-1, 1), 2)) end
  local opt = optim.adam(net, { lr = 1e-3 })
  local couple = flow.coupling(coupling)
  local x1
  local settings = { rng = rng, coupling = couple, path = path }
  local function loss() return flow.loss(model, x1, settings) end
  local function step()
    settings.x0 = data.eight_gaussians { n = batch, rng = rng }
    x1 = data.moons { n = batch, noise = 0.2, rng = rng } * 3 - 1
    return opt:step(loss)
  end
  for _ = 1, 20 do step() end
  local steps, start, last = 0, clock(), nil
  repeat
    for _ = 1, 5 do last = step() end
    steps = steps + 5
  until clock() - start >= seconds
  print(('{"peer":"fmrun","work":"torchcfm_toy","coupling":"%s","ms_per_step":%.3f,"loss":%.4f}')
    :format(coupling, (clock() - start) / steps * 1e3, last))
end
