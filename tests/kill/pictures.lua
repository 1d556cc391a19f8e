-- Drawn shapes of 3072 numbers each: larger checkpoints, grids of pictures in folders during the
-- loop, one of them written again and again, an iterator of the script's own.
local fm <const> = require "fm"
local nn <const>, flow <const>, optim <const>, ode <const>, data <const>, plot <const> = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.plot

return fm.experiment {
  params = { steps = 90, batch = 16 },
  run = function(run, p)
    local truth = data.shapes32 { n = 64, rng = run.rng:stream "data" }
    local model = nn.vector_field { dim = 3072, hidden = 48, time_embed = 8 }
    local opt = optim.adam(model, { lr = 1e-3 })
    run:keeps { model = model, opt = opt }
    local function pick() return truth:index_select(run.rng:stream "rows":integers(p.batch, 1, #truth), { axis = 1 }) end
    local function show(name)
      local x = ode.solve(model, run.rng:stream(name):normal(9, 3072), { method = "euler", steps = 8 })
      run:picture(name, plot.image_grid(x, { channels = 3 }))
    end
    for step, x1 in run:steps(p.steps, pick) do
      run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng }) end) }
      if step % 30 == 0 then show("grids/step-" .. step) end
      if step % 10 == 0 then show "grids/now/latest" end
    end
    show "samples"
    run:save("model", model)
  end,
}
