#!/usr/bin/env fmrun
-- A flow from noise to text that needs no vectors: its characters jump. At time t a character has
-- settled with the probability t^power; until then a mask stands there, or one drawn at random. The
-- network says what the characters were, and in each step of the sampler some of them settle. Gat
-- et al. 2024. Unlike flows over vectors it has a bound on the bits per character of held-out text,
-- to be compared with bits_text, which the yardstick needs for such windows. Results beside those
-- of all text experiments:
--   held_out_bits   the bound, and held_out_bits_error, its standard error
--   infilled        in held-out windows of which every other block of 8 characters is given, the
--                   share of the others that are drawn as they were; infilled_blind, of samples for
--                   which none were given; both only for windows longer than that
local fm <const> = require "fm"
local discrete <const> = fm.discrete
local evaluation <const>, params <const>, texts <const> = require "text_parts.evaluation", require "text_parts.params", require "text_parts.texts"
local network <const>, trained <const> = require "text_parts.network", require "text_parts.trained"
local bits_of <const>, new_grams <const> = require "text_parts.bits_of", require "text_parts.new_grams"

local block <const>, at_once <const> = 8, 64

-- Draws every other block of windows anew, and prints one. samples: for which nothing was given.
local function infill(run, text, model, samples, o)
  local known, mask, line = text.spread(math.min(at_once, #samples)), {}, {}
  for i = 1, text.length do mask[i] = (i - 1) // block % 2 == 0 and 1 or 0 end
  local given = fm.tensor(mask)
  local x = discrete.inpaint(model, known, given, o)
  for i, c in ipairs(text.characters(x[1])) do line[i] = mask[i] ~= (mask[i - 1] or 1) and "|" .. c or c end
  run:print("--- given and drawn in turn ---\n" .. table.concat(line))
  local function share(ids) return ((ids:eq(known) * (1 - given)):mean() / (1 - given):mean()):item() end
  run:summary { infilled = share(x), infilled_blind = share(samples[{ 1, #known }]) }
end

return fm.experiment {
  name = "text_discrete",
  params = params.flow {
    steps = { 16000, "optimizer steps", min = 1 },
    source = { "mask", "what stands where a character has not settled", choices = { "mask", "uniform" } },
    power = { 1.0, "characters have settled with the probability t^power", min = 0.1 },
    loss = { "bound", "of the training", choices = { "bound", "cross_entropy" } },
    corrections = { 0, "calls of the network after each step of the sampler that correct its samples", min = 0 },
    draws = { 8, "for the bound, of each held-out window", min = 1 },
  },
  run = function(run, p)
    local text <const> = texts(p.text, p.length)
    local V <const>, evaluate <const> = #text.names, evaluation(run, text, p.judge)
    local path <const> = discrete.path { vocabulary = V, source = p.source, power = p.power }
    local net <const> = network(path.states, V, p)
    local function others(xt, t) return net(fm.one_hot(xt, { n = path.states }) * path.states ^ 0.5, t) end
    local model <const> = discrete.posterior(others, { path = path })

    local rng <const> = run.rng:stream "loss"
    local average <const> = trained(run, p, text, net, function(ids) return discrete.loss(model, ids, { path = path, rng = rng, loss = p.loss }) end)
    average:swap(function()
      local what <const> = new_grams.of(text)
      function what.sample(steps)
        return discrete.sample(model, { path = path, n = new_grams.windows, length = p.length, steps = steps, rng = run.rng:stream "pareto",
          corrections = p.corrections })
      end
      run:pareto(what)
      local bits, off = bits_of(model, text.windows, { path = path, rng = run.rng:stream "bits", draws = p.draws })
      run:summary { held_out_bits = bits, held_out_bits_error = off }
      run:print(("at most %.4g bits per character of held-out text"):format(bits))
      local how <const> = { path = path, n = p.samples, length = p.length, steps = p.euler, rng = run.rng:stream "sample", corrections = p.corrections }
      local samples = discrete.sample(model, how)
      how.n, how.length = nil, nil
      if p.length > block then infill(run, text, model, samples, how) end
      evaluate(samples)
    end)
  end,
}
