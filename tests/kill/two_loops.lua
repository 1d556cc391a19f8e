-- Everything that a checkpoint must restore, in one experiment: an average, a schedule, the
-- script's own values, a stream with a clock of its own, dropout, early stopping, the best
-- checkpoint, and two loops with pictures, sums and text between them.
local fm <const> = require "fm"
local nn <const>, flow <const>, optim <const>, ode <const>, data <const>, plot <const> = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.plot

return fm.experiment {
  params = { first = 250, second = 250, lr = 2e-3 },
  run = function(run, p)
    local truth = data.checkerboard { n = 700, rng = run.rng:stream "data" }
    local model = nn.sequential { nn.linear(2, 24), nn.silu(), nn.dropout(0.1), nn.linear(24, 2) }
    local function velocity(x) return model(x) end
    local opt = optim.adamw(model, { lr = optim.cosine { lr = p.lr, steps = p.first + p.second, warmup = 20 } })
    local ema = optim.ema(model, { decay = 0.98, warmup = true })
    local seen = { count = 0, best = math.huge, names = {}, sum = fm.zeros(2), nested = { [1] = "a", deep = { yes = true } } }
    local walk = fm.rng(run.seed, "walk")
    run:keeps { model = model, opt = opt, ema = ema, seen = seen, walk = walk }
    run:checkpoints { best = "valid" }
    run:stop_when { metric = "valid", patience = 9 }

    local batches = data.batches(truth, 64, { rng = run.rng:stream "batches" })
    local function train(steps)
      for step, x1 in run:steps(steps, batches) do
        local loss = opt:step(function() return flow.loss(velocity, x1, { rng = run.rng }) end, { clip = 1 })
        ema:update()
        seen.count, seen.best = seen.count + 1, math.min(seen.best, loss)
        seen.names[#seen.names % 5 + 1] = ("loss %.3f"):format(loss)
        seen.sum = seen.sum + x1:sum(1)
        run:log { loss = loss, walk = walk:number() }
        if step % 10 == 0 then
          run:log { valid = run:validation(function(rng) return flow.loss(velocity, truth, { rng = rng }) end, model) }
        end
      end
    end
    local function show(name)
      ema:swap(function()
        local x = ode.solve(velocity, run.rng:stream(name):normal(300, 2), { method = "heun", steps = 10 })
        run:picture(name, plot.scatter(x))
        run:save(name .. ".npy", x)
      end)
      run:summary { [name] = seen.best, count = seen.count }
    end

    train(p.first)
    print("half", seen.count, table.concat(seen.names, " "))
    show "half"
    train(p.second)
    print("end", seen.count, seen.sum[1], seen.nested.deep.yes)
    show "end"
  end,
}
