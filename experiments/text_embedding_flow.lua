#!/usr/bin/env fmrun
-- A flow from noise to text over learned embeddings of characters, as Diffusion-LM has it (Li et
-- al. 2022): straight lines from noise to the embeddings, whose table learns with the network.
-- Flow matching alone would draw all embeddings together, since the same target everywhere is the
-- easiest one. Three things keep them apart: their lengths are fixed; a linear head must tell the
-- character from the network's estimate of the embedding (`cross_entropy`); near ones repel each
-- other (`spread`, Wang and Isola 2020). Most of the line from noise to an embedding decides
-- nothing, so its time is warped as in text_onehot_flow.lua: see text_parts/way.lua. Samples are
-- rounded by the head. Results beside those of all text experiments:
--   rounding_changed   the share of places where the nearest embedding is another character than
--                      the head's
--   rounding_distance  from the sample to the nearest embedding, over the distance of two nearest
--                      embeddings
local fm <const> = require "fm"
local nn <const> = fm.nn
local evaluation <const>, params <const>, texts <const> = require "text_parts.evaluation", require "text_parts.params", require "text_parts.texts"
local embeddings <const>, network <const>, trained <const> = require "text_parts.embeddings", require "text_parts.network", require "text_parts.trained"
local new_grams <const>, way_of <const> = require "text_parts.new_grams", require "text_parts.way"

return fm.experiment {
  name = "text_embedding_flow",
  params = params.flow(params.way {
    embedding = { 32, "numbers of an embedding", min = 2 },
    cross_entropy = { 1.0, "weight of the head's loss", min = 0 }, spread = { 0.1, "weight of the repulsion", min = 0 },
  }),
  run = function(run, p)
    local text <const> = texts(p.text, p.length)
    local V <const>, D <const>, evaluate <const> = #text.names, p.embedding, evaluation(run, text, p.judge)
    local net <const> = network(p.self_conditioning and 2 * D or D, D, p)
    local table_of <const>, head <const> = nn.embedding(V, D), nn.linear(D, V)
    local model <const> = nn.module({ { "net", net }, { "table", table_of }, { "head", head } }, function(_, x, t) return net(x, t) end)
    local way <const> = way_of { tokens = V, length = D ^ 0.5, rng = run.rng:stream "warp", warp = p.warp, self_conditioning = p.self_conditioning }
    local function velocity(z, c, t, before) return net(way:seen(z, c, before), t) end
    local function estimate(z, c, ...) return z + velocity(z, c, ...) * (1 - c) end

    local rng <const> = run.rng:stream "loss"
    local average <const> = trained(run, p, text, model, function(ids)
      local rows = embeddings.of_length_one(table_of.weight)
      local x = fm.embedding(rows, ids) * D ^ 0.5
      local z, c, t = way:drawn(x, rng)
      local v = velocity(z, c, t, way:before(rng, estimate, z, c, t))
      local flow, spread = fm.mse(v, (x - z) / (1 - c)), embeddings.nearness(rows)
      local cross_entropy = head(z + v * (1 - c)):reshape(-1, V):cross_entropy(ids:reshape(-1))
      return flow + cross_entropy * p.cross_entropy + spread * p.spread, { flow_loss = flow, cross_entropy = cross_entropy, nearness = spread }
    end)

    average:swap(function()
      local noise <const>, what <const> = run.rng:stream "sample":normal(p.samples, p.length, D), new_grams.of(text)
      local function rounded(x) return head(x):argmax(3) end
      function what.sample(steps) return rounded(way:walk(estimate, noise[{ 1, math.min(p.samples, new_grams.windows) }], steps)), steps end
      run:pareto(what)
      local x <const> = way:walk(estimate, noise, p.euler)
      local ids <const> = rounded(x)
      run:summary(embeddings.rounding(x, embeddings.of_length_one(table_of.weight) * D ^ 0.5, ids))
      evaluate(ids)
    end)
  end,
}
