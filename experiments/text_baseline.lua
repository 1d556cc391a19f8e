#!/usr/bin/env fmrun
-- The yardstick of the text experiments: a causal transformer that predicts each character from
-- those before it. It measures the bits per character of held-out text, and leaves
-- judge.safetensors in its folder, by which the others have their samples judged:
--   fmrun experiments/text_baseline.lua text=FILE
--   fmrun experiments/text_onehot_flow.lua text=FILE judge=FOLDER
-- A window of `length` characters begins without a past, so bits are those of short texts. On the
-- machine of the project a step takes 0.13 s of one core.
local fm <const> = require "fm"
local evaluation <const>, judge <const> = require "text_parts.evaluation", require "text_parts.judge"
local language_model <const>, params <const> = require "text_parts.language_model", require "text_parts.params"
local texts <const>, trained <const> = require "text_parts.texts", require "text_parts.trained"

return fm.experiment {
  name = "text_baseline",
  params = params.training {
    length = { 128, "characters in a window", min = 1 }, batch = { 16, "windows in a step", min = 1 },
    checks = { 20, "how often held-out bits are measured in training", min = 1 }, samples = { 100, "windows to sample", min = 1 },
  },
  run = function(run, p)
    local text <const> = texts(p.text, p.length)
    local V <const> = #text.names
    local model <const> = language_model.new(V, p)
    local some <const> = text.spread(64)
    local average <const> = trained(run, p, text, model, function(ids) return language_model.loss(model, ids, V) end, function()
      run:log { held_out_bits = language_model.bits(model, some, V):mean() }
    end)

    average:swap(function()
      judge.save(run, model, text, p)
      local function bits(ids) return language_model.bits(model, ids, V) end
      local each <const> = bits(text.windows)
      run:summary { held_out_bits = each:mean(), held_out_bits_error = #each > 1 and (each:var { unbiased = true }:item() / #each) ^ 0.5 or nil }
      evaluation(run, text, bits)(language_model.sample(model, p.samples, p.length, V, run.rng:stream "sample"))
    end)
  end,
}
