-- MNIST as 32 x 32 pictures: the batches of a step, the test in the features of a classifier, and
-- the network.
local fm <const> = require "fm"
local data, metrics, nn, plot = fm.data, fm.metrics, fm.nn, fm.plot

local block <const>, most_judged <const> = 64, 256 -- pictures that are drawn at once, also by fmrun pareto

-- The test is the same for all seeds, and so are the floor and the quality.
return function(run, p)
  local truth, _, held_out = assert(data.labelled_pictures { name = p.data, folder = p.folder, split = p.split, held_out = 2 * p.samples })
  local read, rng = metrics.features(p.data), fm.rng(0, "tests")
  local z, order = rng:normal(p.samples, 1, 32, 32), rng:permutation(#held_out)
  local real = read(held_out:index_select(order[{ 1, p.samples }], { axis = 1 }))
  local other = read(held_out:index_select(order[{ p.samples + 1, 2 * p.samples }], { axis = 1 }))
  local task = { kind = "pictures", unit = "Frechet distance", floor = metrics.frechet_distance(other, real), shape = { 1, 32, 32 },
    batches = data.batches(truth, p.batch, { rng = run.rng:stream "batches", drop_last = true }) }

  task.noise = z[{ 1, math.min(p.samples, most_judged) }]

  function task.network(options)
    options = options or {}
    options.channels, options.width = 1, p.width
    return nn.unet(options)
  end

  --- The same network with the time held at 0, called model(x).
  function task.still()
    local net = task.network()
    return nn.module({ { "net", net } }, function(_, x) return net(x, 0) end)
  end

  local function drawn(draw, n)
    local x, draws = {}, fm.rng(run.seed, "draws")
    for first = 1, n, block do x[#x + 1] = draw(z[{ first, math.min(first + block - 1, n) }], draws) end
    return fm.cat(x, { axis = 1 })
  end

  --- Of samples from task.noise, for fmrun pareto.
  function task.judged()
    local n = #task.noise
    local some = real[{ 1, n }]
    return { name = "Frechet distance to held-out pictures", metric = function(x) return metrics.frechet_distance(read(x), some) end,
      floor = function() return metrics.frechet_distance(other[{ 1, n }], some) end }
  end

  --- draw(z, rng) gives samples from noise.
  function task.distance(draw)
    local x = drawn(draw, p.samples)
    if not (x:abs():max():item() < 1e6) then return math.huge end
    return metrics.frechet_distance(read(x), real)
  end

  --- As for points, in the space of pixels.
  function task.transport(draw)
    local x, from = drawn(draw, p.samples):reshape(p.samples, -1), z:reshape(p.samples, -1)
    return (x - from):square():sum():item() / p.samples / metrics.wasserstein2(x, from) ^ 2
  end

  function task.picture(draw) return plot.image_grid(drawn(draw, math.min(p.samples, block)), { columns = 8, range = { -1, 1 }, title = p.method }) end
  return task
end
