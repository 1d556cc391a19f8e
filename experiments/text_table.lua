#!/usr/bin/env fmrun
-- The runs of all experiments on texts in one table for each text: bits per character of held-out
-- text, what samples cost the yardstick, and what is counted in them; and a few samples of each.
--   fmrun experiments/text_table.lua runs=runs
--   fmrun report @-1
-- With out=experiments/cards/results/text.json they are on the page of results too, once fmrun card
-- --page has made it again. Every figure is a mean over seeds ± half of its 95 % interval.
local fm <const> = require "fm"
local save <const>, table_rows <const> = require "table_parts.result_file", require "text_parts.table_rows"

local notes <const> = {
  "held out: bits per character of held-out text, of the yardstick, text_baseline.lua, for windows of its own length; of discrete flows an upper bound; "
    .. "flows over vectors have none. over yardstick: that by the yardstick's bits for windows of the same length. samples: bits per character of samples "
    .. "under the yardstick; 2 to this power is their perplexity. entropy: bits of a character when that before it is known: samples that repeat "
    .. "themselves cost the yardstick little, and have less than text. new 4-grams: the share that the training text does not have. words: the share "
    .. "of whole words that it has. The held-out text is cut into windows as the samples of the last row are.",
}

return fm.experiment {
  name = "text_table",
  params = { runs = { "runs", "the folder of runs" }, out = { "", "a JSON file for the page of results" }, samples = { 3, "of each model, to show", min = 0 } },
  run = function(run, p)
    local texts, counted, others = table_rows.of(assert(fm.runs(p.runs)), p.samples)
    if #counted == 0 then fm.fail("text_table: no run of an experiment on a text is over in " .. p.runs) end
    local tables, commands = {}, {}
    for _, text in ipairs(texts) do
      local quality = { title = "Text flows, " .. text.name, columns = table_rows.columns, rows = text.rows, notes = #tables == 0 and notes or {} }
      local samples = { title = "Samples, " .. text.name, columns = { "of", "text" }, rows = text.samples, notes = {} }
      run:table(text.name .. "_quality", quality)
      tables[#tables + 1] = quality
      if #samples.rows > 0 then
        run:table(text.name .. "_samples", samples)
        tables[#tables + 1] = samples
      end
      for _, command in ipairs(text.commands) do commands[#commands + 1] = command end
    end
    if p.out ~= "" then
      assert(save(p.out, { title = "Flows of text beside an autoregressive model", notes = commands, tables = tables,
        command = "fmrun experiments/text_table.lua runs=" .. p.runs }, counted, others))
    end
  end,
}
