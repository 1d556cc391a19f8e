#!/usr/bin/env fmrun
-- A flow from noise to text that predicts its data: z = (1 - c) noise + c x over embeddings of
-- characters that stay as they were drawn, the loss |net(z, t) - x|^2 / (1 - c)^2, that is, the
-- error of the velocity. In the last step the same network, told so by a label, says which
-- character stands at each place, learned by cross-entropy from z near the end; one step alone
-- decodes noise, which it has not learned unless last = 1. ELF, arXiv 2605.10938, which has
-- embeddings of a language model instead. The time is that of text_parts/way.lua. Results beside
-- those of all text experiments:
--   rounding_changed   the share of places where the nearest embedding is another character than
--                      the network's
--   rounding_distance  from what the network said before the last step to the nearest embedding,
--                      over the distance of two nearest embeddings
local fm <const> = require "fm"
local nn <const> = fm.nn
local evaluation <const>, params <const>, texts <const> = require "text_parts.evaluation", require "text_parts.params", require "text_parts.texts"
local embeddings <const>, network <const>, trained <const> = require "text_parts.embeddings", require "text_parts.network", require "text_parts.trained"
local new_grams <const>, way_of <const> = require "text_parts.new_grams", require "text_parts.way"

local moves <const>, decodes <const> = 1, 2 -- labels: what the network is asked for

return fm.experiment {
  name = "text_data_flow",
  params = params.flow(params.way {
    embedding = { 32, "numbers of an embedding", min = 2 },
    decoded = { 0.25, "share of the windows of a step that learn to decode", min = 0.01, max = 0.99 },
    batch = { 32, "windows in a step", min = 2 },
    last = { 0.2, "they are decoded at times from 1 less this to 1", min = 0, max = 1 },
  }),
  run = function(run, p)
    local text <const> = texts(p.text, p.length)
    local V <const>, D <const>, evaluate <const> = #text.names, p.embedding, evaluation(run, text, p.judge)
    local net <const> = network(p.self_conditioning and 2 * D or D, D, p, 2)
    local head <const> = nn.linear(D, V)
    local model <const> = nn.module({ { "net", net }, { "head", head } }, function(_, x, t) return net(x, t, moves) end)
    local rows <const> = embeddings.of_length_one(run.rng:stream "embeddings":normal(V, D)) * D ^ 0.5
    local way <const> = way_of { tokens = V, length = D ^ 0.5, rng = run.rng:stream "warp", warp = p.warp, self_conditioning = p.self_conditioning }
    local function estimate(z, c, t, before) return net(way:seen(z, c, before), t, moves) end
    local function decode(z, c, t, before) return head(net(way:seen(z, c, before), t, decodes)) end

    local rng <const> = run.rng:stream "loss"
    local average <const> = trained(run, p, text, model, function(ids)
      local n = math.max(1, math.min(#ids - 1, (#ids * p.decoded + 0.5) // 1 | 0))
      local x, last = fm.embedding(rows, ids), ids[{ 1, n }]
      local z, c, t = way:drawn(x[{ 1, n }], rng, 1 - p.last)
      local cross_entropy = decode(z, c, t, way:before(rng, estimate, z, c, t)):reshape(-1, V):cross_entropy(last:reshape(-1))
      x = x[{ n + 1, #ids }]
      z, c, t = way:drawn(x, rng)
      local moved = ((estimate(z, c, t, way:before(rng, estimate, z, c, t)) - x) / (1 - c)):square():mean()
      return moved + cross_entropy, { flow_loss = moved, cross_entropy = cross_entropy }
    end)

    average:swap(function()
      local noise <const> = run.rng:stream "sample":normal(p.samples, p.length, D)
      local function sample(x, steps)
        local z, said, c, t = way:walk(estimate, x, steps - 1, math.max(1 - 1 / steps, 1 - p.last))
        return decode(z, c, t, said):argmax(3), said or z
      end
      local what <const> = new_grams.of(text)
      function what.sample(steps) return sample(noise[{ 1, math.min(p.samples, new_grams.windows) }], steps), steps end
      run:pareto(what)
      local ids, x = sample(noise, p.euler)
      run:summary(embeddings.rounding(x, rows, ids))
      evaluate(ids)
    end)
  end,
}
