-- Two moons, small: one loop, a learning rate that the script changes by hand, samples and a
-- picture at the end.
local fm <const> = require "fm"
local nn <const>, flow <const>, optim <const>, ode <const>, data <const>, plot <const> = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.plot

return fm.experiment {
  params = { steps = { 600, "optimizer steps", min = 1 }, lr = { 4e-3, "learning rate" } },
  run = function(run, p)
    local truth = data.moons { n = 1000, noise = 0.05, rng = run.rng:stream "data" }
    local model = nn.vector_field { dim = 2, hidden = 32, time_embed = 8 }
    local opt = optim.adam(model, { lr = p.lr })
    run:keeps { model = model, opt = opt }
    for step, x1 in run:steps(p.steps, data.batches(truth, 96, { rng = run.rng:stream "batches" })) do
      if step % 200 == 0 then opt.lr = opt.lr / 2 end
      run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng }) end), lr = opt.lr, luck = math.random(1000) }
      if step % 100 == 0 then print("step", step) end
    end
    local x, info = ode.solve(model, run.rng:stream "sample":normal(500, 2), { method = "dopri5" })
    run:summary { nfe = info.nfe, x = x[1][1] }
    run:picture("samples", plot.scatter(x, { reference = truth }))
  end,
}
