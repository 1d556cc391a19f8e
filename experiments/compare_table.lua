#!/usr/bin/env fmrun
-- The runs of compare_baselines.lua in tables: the article's five claims with the measured figures
-- behind their words, and all methods by quality and by cost. Every figure is a mean over seeds ±
-- half of its 95 % interval, at the learning rate with the least mean distance to the data, but the
-- share of runs that reached the quality, which is over all rates.
--   fmrun experiments/compare_table.lua runs=runs
--   fmrun report @-1
-- With out=experiments/cards/results/compare_baselines.json they are on the page of results too,
-- once fmrun card --page has made it again.
local fm <const> = require "fm"
local arms <const>, claims <const> = require "baselines.parts.arms", require "baselines.parts.claims"
local save <const>, text_of <const> = require "baselines.parts.result_file", require "baselines.parts.interval_text"

local function sorted(methods)
  local list = {}
  for _, arm in pairs(methods) do list[#list + 1] = arm end
  table.sort(list, function(a, b) return a.distance < b.distance or a.distance == b.distance and a.name < b.name end)
  return list
end

local function quality_of(of_data)
  local rows = {}
  for i, arm in ipairs(sorted(of_data.methods)) do
    rows[i] = { arm.name, arm.lr, text_of(arms.mean(arm, "distance")), arms.share(arm).counts, text_of(arms.spread(arm)), text_of(arms.mean(arm, "transport")) }
  end
  return { columns = { "method", "best lr", "distance", "have it", "worst / best", "way / optimal" }, rows = rows,
    notes = "have it: the runs that have the quality; worst / best: the distance at the worst of the learning rates over that at the best." }
end

local function cost_of(of_data)
  local rows, keys = {}, { { "seconds_to_quality" }, { "nfe_to_quality" }, { "samples_per_second", 1e-3 }, { "training_bytes", 1e-3 },
    { "sampling_bytes", 1e-3 } }
  for i, arm in ipairs(sorted(of_data.methods)) do
    rows[i] = { arm.name }
    for k, what in ipairs(keys) do rows[i][k + 1] = text_of(arms.mean(arm, what[1], what[2])) end
  end
  return { columns = { "method", "CPU s", "evaluations", "1000 / CPU s", "train kB", "sample kB" }, rows = rows,
    notes = "CPU s: of training until the quality; evaluations: the fewest that give it; 1000 samples a CPU second with them; the most that tensors hold." }
end

return fm.experiment {
  name = "compare_table",
  params = {
    runs = { "runs", "the folder of runs" }, out = { "", "a JSON file for the page of results" },
    method = { "flow", "whose claims they are" }, others = { "ddpm,edm", "what it is beside" },
  },
  run = function(run, p)
    local list, tables, said = assert(fm.runs(p.runs, "compare_baselines")), {}, {} -- notes are said once
    for data, of_data in pairs(arms.of(list)) do
      local about = ("%s: floor %.4g, quality %.4g"):format(data, of_data.floor or 0 / 0, of_data.quality or 0 / 0)
      local function add(name, title, what)
        what.title, what.notes, said[title] = title .. ", " .. about, not said[title] and what.notes or nil, true
        tables[#tables + 1] = what
        run:table(("%s_%s"):format(data, name), what)
      end
      for other in p.others:gmatch "[^,%s]+" do
        if of_data.methods[p.method] and of_data.methods[other] then add("claims_" .. other, "The article's claims", claims(of_data, p.method, other)) end
      end
      add("quality", "Quality and stability", quality_of(of_data))
      add("cost", "Cost of the quality", cost_of(of_data))
    end
    if #tables == 0 then fm.fail("compare_table: no run of compare_baselines is over in " .. p.runs) end
    if p.out ~= "" then assert(save(p.out, list, tables, "fmrun experiments/compare_table.lua runs=" .. p.runs)) end
  end,
}
