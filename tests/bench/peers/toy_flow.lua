-- The run of tests/bench/sweep: a small flow in two dimensions, trained and sampled.
-- peers/toy_flow.py is the same in PyTorch.
local fm <const> = require "fm"
local began <const>, cpu_began <const> = fm.system.seconds(), os.clock()

return fm.experiment {
  name = "toy_flow",
  params = { steps = 500, batch = 256, hidden = 64, lr = 1e-3 },
  run = function(run, p)
    local model = fm.nn.vector_field { dim = 2, hidden = p.hidden }
    local opt = fm.optim.adam(model, { lr = p.lr })
    local data = run.rng:stream "data"
    local loss
    run:keeps { model = model, opt = opt }
    for _ in run:steps(p.steps) do
      local x1 = data:normal(p.batch, 2):tanh()
      loss = opt:step(function() return fm.flow.loss(model, x1, { rng = run.rng }) end)
      run:log { loss = loss }
    end
    local x = fm.ode.solve(model, run.rng:stream "sample":normal(1000, 2), { method = "euler", steps = 100 })
    run:summary { loss = loss, spread = x:square():mean():item(), own_seconds = fm.system.seconds() - began,
      own_cpu = os.clock() - cpu_began }
  end,
}
