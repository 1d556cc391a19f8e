#!/usr/bin/env fmrun
-- A flow from noise to text over one-hot vectors: z = (1 - c) noise + c onehot for each character.
-- The network says what the character is, softmax(net(z, t)) with the cross-entropy as the loss,
-- and the velocity dz/dc = (p - z) / (1 - c) follows. c depends on t such that the share of
-- characters that z tells wrongly falls along a line: steps are small where they decide.
-- FLM, arXiv 2602.16813. With self_conditioning the network also sees what it said in the step
-- before, and in half of the training steps what it says first (Chen, Zhang, Hinton 2023).
local fm <const> = require "fm"
local evaluation <const>, params <const>, texts <const> = require "text_parts.evaluation", require "text_parts.params", require "text_parts.texts"
local network <const>, trained <const>, warp <const> = require "text_parts.network", require "text_parts.trained", require "text_parts.warp"
local new_grams <const> = require "text_parts.new_grams"

local points <const> = 1024 -- of the table of c

return fm.experiment {
  name = "text_onehot_flow",
  params = params.flow { warp = { true, "c by the table; else c is t" }, self_conditioning = { true, "the network sees its last prediction" } },
  run = function(run, p)
    local text <const> = texts(p.text, p.length)
    local V <const>, evaluate <const> = #text.names, evaluation(run, text, p.judge)
    local net <const> = network(p.self_conditioning and 2 * V or V, V, p)
    local c_of <const> = p.warp and warp(V, run.rng:stream "warp", points) or fm.linspace(0, 1, points + 1)

    -- The network gets z as if its noise and its signal had unit length together, and what it said
    -- before, 0 at first.
    local function logits(z, c, t, before)
      local x = z / ((1 - c) ^ 2 + c ^ 2) ^ 0.5
      if not p.self_conditioning then return net(x, t) end
      return net(fm.cat(x, before or z * 0, 3), t)
    end

    local function first_look(z, c, t)
      local scope <close> = fm.scope()
      return logits(z, c, t):softmax(3):detach()
    end

    local rng <const> = run.rng:stream "loss"
    local average <const> = trained(run, p, text, net, function(ids)
      local k = rng:integers(#ids, 0, points - 1)
      local c = c_of:index_select(k + 1, 1):reshape(#ids, 1, 1)
      local z = rng:normal(#ids, p.length, V) * (1 - c) + fm.one_hot(ids, { n = V }) * c
      local before = p.self_conditioning and rng:number() < 0.5 and first_look(z, c, k / points) or nil
      return logits(z, c, k / points, before):reshape(-1, V):cross_entropy(ids:reshape(-1))
    end)

    local function sample(n, steps, noise)
      local z, p1 = noise:normal(n, p.length, V), nil
      for i = 1, steps do
        local k, later = (i - 1) * points // steps, i * points // steps
        local c, next_c = c_of[k + 1], c_of[later + 1]
        p1 = logits(z, c, k / points, p1):softmax(3):detach()
        z = (z + (p1 - z) * ((next_c - c) / (1 - c))):detach()
      end
      return p1:argmax(3)
    end
    average:swap(function()
      local what = new_grams.of(text)
      function what.sample(steps) return sample(new_grams.windows, steps, run.rng:stream "pareto"), steps end
      run:pareto(what)
      evaluate(sample(p.samples, p.euler, run.rng:stream "sample"))
    end)
  end,
}
