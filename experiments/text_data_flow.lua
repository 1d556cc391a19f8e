#!/usr/bin/env fmrun
-- A flow from noise to text that predicts its data: x_t = t x + (1 - t) noise over embeddings of
-- characters that stay as they were drawn, the loss |net(x_t, t) - x|^2 / (1 - t)^2, that is, the
-- error of the velocity. In the last step the same network, told so by a label, says which
-- character stands at each place, learned by cross-entropy from x_t near the end. ELF,
-- arXiv 2605.10938, which has embeddings of a language model instead. Results beside those of all
-- text experiments:
--   rounding_changed   the share of places where the nearest embedding is another character than
--                      the network's
--   rounding_distance  from the point before the last step to the nearest embedding, over the
--                      distance of two nearest embeddings
local fm <const> = require "fm"
local nn <const>, flow <const>, ode <const> = fm.nn, fm.flow, fm.ode
local evaluation <const>, params <const>, texts <const> = require "text_parts.evaluation", require "text_parts.params", require "text_parts.texts"
local embeddings <const>, network <const>, trained <const> = require "text_parts.embeddings", require "text_parts.network", require "text_parts.trained"
local new_grams <const> = require "text_parts.new_grams"

local moves <const>, decodes <const> = 1, 2 -- labels: what the network is asked for

return fm.experiment {
  name = "text_data_flow",
  params = params.flow {
    embedding = { 32, "numbers of an embedding", min = 2 },
    decoded = { 0.25, "share of the windows of a step that learn to decode", min = 0.01, max = 0.99 },
    batch = { 32, "windows in a step", min = 2 },
    last = { 0.2, "they are decoded at times from 1 less this to 1", min = 0, max = 1 },
  },
  run = function(run, p)
    local text <const> = texts(p.text, p.length)
    local V <const>, D <const>, evaluate <const> = #text.names, p.embedding, evaluation(run, text, p.judge)
    local net <const> = network(D, D, p, 2)
    local head <const> = nn.linear(D, V)
    local model <const> = nn.module({ { "net", net }, { "head", head } }, function(_, x, t) return net(x, t, moves) end)
    local rows <const> = embeddings.of_length_one(run.rng:stream "embeddings":normal(V, D)) * D ^ 0.5
    local function decode(x, t) return head(net(x, t, decodes)) end

    local rng <const> = run.rng:stream "loss"
    local average <const> = trained(run, p, text, model, function(ids)
      local n = math.max(1, math.min(#ids - 1, (#ids * p.decoded + 0.5) // 1 | 0))
      local x, last = fm.embedding(rows, ids), ids[{ 1, n }]
      local t = rng:uniform(n) * p.last + (1 - p.last)
      local column = t:reshape(n, 1, 1)
      local xt = x[{ 1, n }] * column + rng:normal(n, p.length, D) * (1 - column)
      local cross_entropy = decode(xt, t):reshape(-1, V):cross_entropy(last:reshape(-1))
      local moved = flow.loss(model, x[{ n + 1, #ids }], { rng = rng, predict = "data", compare = "velocity" })
      return moved + cross_entropy, { flow_loss = moved, cross_entropy = cross_entropy }
    end)

    average:swap(function()
      local noise <const> = run.rng:stream "sample":normal(p.samples, p.length, D)
      local function sample(x, steps)
        local before_last = 1 - 1 / steps
        if steps > 1 then x = ode.solve(flow.velocity(model, { predict = "data" }), x, { method = "euler", steps = steps - 1, t1 = before_last }) end
        return decode(x, before_last):argmax(3), x
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
