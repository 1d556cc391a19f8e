#!/usr/bin/env fmrun
-- A flow from noise to text over one-hot vectors: z = (1 - c) noise + c onehot for each character.
-- The network says what the character is, softmax(net(z, t)) with the cross-entropy as the loss,
-- and the velocity dz/dc = (p - z) / (1 - c) follows. c depends on t such that the share of
-- characters that z tells wrongly falls along a line: see text_parts/way.lua. FLM,
-- arXiv 2602.16813.
local fm <const> = require "fm"
local evaluation <const>, params <const>, texts <const> = require "text_parts.evaluation", require "text_parts.params", require "text_parts.texts"
local network <const>, trained <const>, way_of <const> = require "text_parts.network", require "text_parts.trained", require "text_parts.way"
local new_grams <const> = require "text_parts.new_grams"

return fm.experiment {
  name = "text_onehot_flow",
  params = params.flow(params.way()),
  run = function(run, p)
    local text <const> = texts(p.text, p.length)
    local V <const>, evaluate <const> = #text.names, evaluation(run, text, p.judge)
    local net <const> = network(p.self_conditioning and 2 * V or V, V, p)
    local way <const> = way_of { tokens = V, length = 1, rng = run.rng:stream "warp", warp = p.warp, self_conditioning = p.self_conditioning }
    local function logits(z, c, t, before) return net(way:seen(z, c, before), t) end
    local function estimate(...) return logits(...):softmax(3) end

    local rng <const> = run.rng:stream "loss"
    local average <const> = trained(run, p, text, net, function(ids)
      local z, c, t = way:drawn(fm.one_hot(ids, { n = V }), rng)
      return logits(z, c, t, way:before(rng, estimate, z, c, t)):reshape(-1, V):cross_entropy(ids:reshape(-1))
    end)

    local function sample(n, steps, noise)
      local _, said = way:walk(estimate, noise:normal(n, p.length, V), steps)
      return said:argmax(3)
    end
    average:swap(function()
      local what = new_grams.of(text)
      function what.sample(steps) return sample(new_grams.windows, steps, run.rng:stream "pareto"), steps end
      run:pareto(what)
      evaluate(sample(p.samples, p.euler, run.rng:stream "sample"))
    end)
  end,
}
