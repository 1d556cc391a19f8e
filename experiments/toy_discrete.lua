#!/usr/bin/env fmrun
-- Two tokens of three kinds whose joint distribution is known: what a discrete flow gets wrong. The
-- best model, by Bayes, shows what comes of drawing the tokens of a step apart; a network adds what
-- it has not learned (with source=uniform posterior=false, how sure to be near t = 1).
local fm <const> = require "fm"
local nn <const>, optim <const>, discrete <const> = fm.nn, fm.optim, fm.discrete
local two_tokens <const> = require "toy_parts.two_tokens"

local V <const>, total_variation <const> = two_tokens.kinds, two_tokens.total_variation
local samplers <const> = { "plain", "corrector", "corrections" }
local options_of <const> = { plain = {}, corrector = { corrector = 1 }, corrections = { corrections = 4 } }

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
    for _, x1 in run:steps(p.steps, function() return two_tokens.draw(p.batch, run.rng) end) do
      run:log { loss = opt:step(function() return discrete.loss(model, x1, { path = path, rng = run.rng, loss = p.loss }) end) }
    end

    local truth, rows, summary = two_tokens.draw(p.samples, run.rng:stream "truth"), {}, {}
    local function sampled(one, steps, name)
      return discrete.sample(one, { path = path, n = p.samples, length = 2, steps = steps, rng = run.rng:stream "sample",
        corrector = options_of[name].corrector, corrections = options_of[name].corrections })
    end
    run:pareto { sample = function(n, name) return sampled(model, n, name) end, methods = samplers, metric = total_variation,
      floor = function() return total_variation(truth) end, name = "total variation to the truth" }
    for _, steps in ipairs { 4, 16, 64 } do
      for _, name in ipairs(samplers) do
        local row = { steps, name }
        for i, one in ipairs { two_tokens.best(path), model } do
          local x, info = sampled(one, steps, name)
          row[3], row[3 + i] = info.nfe, total_variation(x)
        end
        rows[#rows + 1] = row
        if name == "plain" then summary.tv_best, summary.tv = row[4], row[5] end -- with most steps
      end
    end
    local how <const> = { path = path, rng = run.rng:stream "bits", draws = 8 }
    summary.bits, summary.bits_error = discrete.bits(model, truth, how)
    summary.bits_best, summary.bits_best_error = discrete.bits(two_tokens.best(path), truth, how)
    summary.tv_floor, summary.entropy = total_variation(truth), two_tokens.entropy
    run:summary(summary)
    run:table("total_variation", { title = "Total variation to the truth", columns = { "steps", "sampler", "calls", "best model", "network" }, rows = rows })
  end,
}
