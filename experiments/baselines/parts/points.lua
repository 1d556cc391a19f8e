-- Points in the plane, scaled to a variance of one: the batches of a step, the tests, and the
-- network.
local fm <const> = require "fm"
local data, metrics, nn, plot = fm.data, fm.metrics, fm.nn, fm.plot

local targets <const> = {
  moons = function(n, rng) return (data.moons { n = n, noise = 0.05, rng = rng } - fm.tensor { 0.5, 0.25 }) * 2 ^ 0.5 end,
  checkerboard = function(n, rng) return data.checkerboard { n = n, rng = rng } * (3 ^ 0.5 / 4) end,
}

local of_floor <const> = 4 -- draws for the floor of a test

-- The tests are the same for all seeds, and so are the floor and the quality.
return function(run, p)
  local target, rng, tests, from = targets[p.data], fm.rng(0, "tests"), {}, run.rng:stream "data"
  local task = { kind = "points", unit = "W2", floor = 0, shape = { 2 } }
  for i = 1, p.tests do
    tests[i] = { z = rng:normal(p.samples, 2), x1 = target(p.samples, rng) }
    for _ = 1, of_floor do task.floor = task.floor + metrics.wasserstein2(target(p.samples, rng), tests[i].x1) / p.tests / of_floor end
  end

  task.noise = tests[1].z

  function task.batches() return target(p.batch, from) end

  function task.network(options)
    options = options or {}
    options.dim, options.hidden = 2, p.hidden
    return nn.vector_field(options)
  end

  --- The same layers without those of the time, called model(x).
  function task.still()
    local net = nn.mlp { inputs = 2, hidden = { p.hidden, p.hidden, p.hidden }, outputs = 2 }
    return nn.module({ { "net", net } }, function(_, x) return net(x) end)
  end

  --- Of samples from task.noise, for fmrun pareto.
  function task.judged()
    local real = tests[1].x1
    return { name = "W2 to the data", metric = function(x) return metrics.wasserstein2(x, real) end,
      floor = function() return metrics.wasserstein2.floor(target(p.samples, rng), real, { draws = 5 }) end }
  end

  --- draw(z, rng) gives samples from noise.
  function task.distance(draw)
    local sum, draws = 0, fm.rng(run.seed, "draws")
    for _, test in ipairs(tests) do
      local x = draw(test.z, draws)
      local size = x:abs():max():item()
      if not (size < 1e6) then return math.huge end
      sum = sum + metrics.wasserstein2(x, test.x1)
    end
    return sum / p.tests
  end

  --- How much farther its points go than they must: the mean square of their way over that of the
  --- optimal transport between the same ends. 1 is optimal.
  function task.transport(draw)
    local z = tests[1].z
    local x = draw(z, fm.rng(run.seed, "draws"))
    return (x - z):square():sum():item() / #z / metrics.wasserstein2(x, z) ^ 2
  end

  function task.picture(draw)
    return plot.scatter(draw(tests[1].z, fm.rng(run.seed, "draws")), { reference = tests[1].x1, names = { p.method, "data" } })
  end
  return task
end
