-- An experiment for the tests of the command line: it draws all kinds of numbers, and can fail.
local fm <const> = require "fm"
local nn <const>, flow <const>, optim <const> = fm.nn, fm.flow, fm.optim

local function break_down()
  return fm.ones(2, 3) + fm.ones(4)
end

return fm.experiment {
  name = "toy",
  params = {
    steps = { 20, "optimizer steps", min = 1, max = 1000000 }, lr = { 1e-3, "learning rate" }, path = { "linear", choices = { "linear", "straight" } },
    note = "", shout = false, diverge_at = 0, fail_at = 0,
  },
  run = function(run, p)
    print("note:", p.note)
    local model = nn.vector_field { dim = 2, hidden = 16, time_embed = 8 }
    local opt = optim.adam(model, { lr = p.lr })
    run:keeps { model = model, opt = opt }
    for step in run:steps(p.steps) do
      local x1 = run.rng:stream("data"):normal(32, 2)
      local loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng }) end)
      if step == p.diverge_at then loss = 0 / 0 end
      if step == p.fail_at then break_down() end
      run:log { loss = loss, luck = math.random(1000) }
    end
    run:summary { steps = p.steps, lr = p.lr, rest = 1 / 0 }
    run:save("last.npy", run.rng:normal(3))
  end,
}
