#!/usr/bin/env fmrun
-- Two tokens of three kinds whose joint distribution is known: what a discrete flow gets wrong. The
-- best model, by Bayes, shows what comes of drawing the tokens of a step apart; a network adds what
-- it has not learned (with source=uniform posterior=false, how sure to be near t = 1).
local fm <const> = require "fm"
local nn <const>, optim <const>, discrete <const> = fm.nn, fm.optim, fm.discrete

local V <const>, joint <const> = 3, fm.tensor { { 0.30, 0.02, 0.05 }, { 0.04, 0.22, 0.02 }, { 0.10, 0.05, 0.20 } }
local ways <const> = { { "plain" }, { "corrector = 1", corrector = 1 }, { "4 corrections", corrections = 4 } }

local function column(x, i) return x:slice { axis = 2, first = i, last = i } end
local function draw(n, rng)
  local code = rng:uniform(n, 1):ge(joint:reshape(1, -1):cumsum(2)):sum { axis = 2, keep = true }
  local first = code:ge(V) + code:ge(2 * V)
  return fm.cat(first + 1, code - first * V + 1, 2)
end

local function total_variation(x)
  local shares = fm.one_hot(column(x, 1):reshape(-1), V):transpose():matmul(fm.one_hot(column(x, 2):reshape(-1), V)) / #x
  return (shares - joint):abs():sum():item() / 2
end

-- The best model: how likely what is seen of each token makes each kind, and the joint.
local function best(path)
  return function(xt, t)
    local k = path.masks and 1 or path:kept(t:reshape(-1, 1))
    local function likely(i)
      local seen = column(xt, i)
      return seen:eq(fm.range(1, V):reshape(1, V)) * k + (path.masks and seen:gt(V) or (1 - k) / V)
    end
    local a, b = likely(1), likely(2)
    return fm.stack({ a * b:matmul(joint:transpose()), b * a:matmul(joint) }, 2):log()
  end
end

return fm.experiment {
  name = "toy_discrete",
  params = {
    source = { "mask", "of the path", choices = { "mask", "uniform" } },
    loss = { "cross_entropy", "of the training", choices = { "bound", "cross_entropy" } },
    posterior = { true, "what a token says itself is added, not learned" }, hidden = { 64, "width of the network", min = 1 },
    steps = { 1000, "of the optimizer", min = 1 }, batch = { 512, "pairs in a step", min = 1 }, samples = { 50000, "pairs to draw", min = 2 },
  },
  run = function(run, p)
    local path <const> = discrete.path { vocabulary = V, source = p.source }
    local net <const> = nn.mlp { inputs = 2 * path.states + 1, hidden = { p.hidden, p.hidden }, outputs = 2 * V, act = "silu" }
    local function others(xt, t) return net(fm.cat(fm.one_hot(xt, { n = path.states }):reshape(#xt, -1), t:reshape(-1, 1), 2)):reshape(-1, 2, V) end
    local model <const> = p.posterior and discrete.posterior(others, { path = path }) or others
    local opt <const> = optim.adam(net, { lr = optim.cosine { lr = 5e-3, steps = p.steps } })
    run:keeps { model = net, opt = opt }
    for _, x1 in run:steps(p.steps, function() return draw(p.batch, run.rng) end) do
      run:log { loss = opt:step(function() return discrete.loss(model, x1, { path = path, rng = run.rng, loss = p.loss }) end) }
    end

    local truth, rows, summary = draw(p.samples, run.rng:stream "truth"), {}, {}
    for _, steps in ipairs { 4, 16, 64 } do
      for _, way in ipairs(ways) do
        local row = { steps, way[1] }
        for i, one in ipairs { best(path), model } do
          local x, info = discrete.sample(one, { path = path, n = p.samples, length = 2, steps = steps, rng = run.rng:stream "sample",
            corrector = way.corrector, corrections = way.corrections })
          row[3], row[3 + i] = info.nfe, total_variation(x)
        end
        rows[#rows + 1] = row
        if way == ways[1] then summary.tv_best, summary.tv = row[4], row[5] end -- with most steps
      end
    end
    local how <const> = { path = path, rng = run.rng:stream "bits", draws = 8 }
    summary.bits, summary.bits_error = discrete.bits(model, truth, how)
    summary.bits_best, summary.bits_best_error = discrete.bits(best(path), truth, how)
    summary.tv_floor, summary.entropy = total_variation(truth), (joint * joint:log()):sum():item() / -2 / math.log(2)
    run:summary(summary)
    run:table("total_variation", { title = "Total variation to the truth", columns = { "steps", "sampler", "calls", "best model", "network" }, rows = rows })
  end,
}
