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
local is_method <const>, kinds <const> = require "baselines.parts.is_method", require "baselines.parts.kinds"
local save <const>, sweeps <const> = require "table_parts.result_file", require "baselines.parts.sweeps"
local tables_of <const> = require "baselines.parts.methods_tables"

local about_all <const> = "The same network and data for all methods, for about the same CPU time of training. Each figure is a mean over seeds ± half of its "
  .. "95 % interval (Student's t) at the learning rate with the least mean distance to the data, over the seeds that all rates of the method have; shares "
  .. "are over all rates. The distance is W2 of points, the Frechet distance in the features of a classifier for pictures. Times are CPU times."

local function method(name) return is_method(name) and name or fm.fail("compare_table: there is no file baselines/" .. name .. ".lua") end

local function methods_in(text)
  local list = {}
  for name in text:gmatch "[^,%s]+" do list[#list + 1] = method(name) end
  return list
end

return fm.experiment {
  name = "compare_table",
  params = {
    runs = { "runs", "the folder of runs" }, out = { "", "a JSON file for the page of results" },
    method = { "flow", "whose claims they are" }, others = { "ddpm,edm", "what it is beside" },
  },
  run = function(run, p)
    local first, others = method(p.method), methods_in(p.others)
    local found, counted, left = arms.of(assert(fm.runs(p.runs, "compare_baselines")))
    if #counted == 0 then fm.fail("compare_table: no run of compare_baselines is over in " .. p.runs) end
    local tables, said = {}, {} -- what holds for all data sets is said once
    for data, of_data in pairs(found) do
      local about = ("%s: floor %.4g, quality %.4g"):format(data, of_data.floor or 0 / 0, of_data.quality or 0 / 0)
      local function add(name, title, what, own) -- own: notes for this data set
        local notes = said[title] and {} or what.notes
        what.title, what.notes, said[title] = title .. ", " .. about, { table.unpack(notes) }, true
        for _, note in ipairs(own or {}) do table.insert(what.notes, note) end
        tables[#tables + 1] = what
        run:table(("%s_%s"):format(data, name), what)
      end
      for _, other in ipairs(others) do
        if of_data.methods[first] and of_data.methods[other] then
          add("claims_" .. other, "The article's claims", claims(of_data, kinds[data], first, other))
        end
      end
      add("quality", "Quality and stability", tables_of.quality(of_data))
      add("cost", "Cost of the quality", tables_of.cost(of_data))
    end
    if p.out ~= "" then
      assert(save(p.out, { title = "Generative models on one bench: the article's claims measured", tables = tables,
        command = "fmrun experiments/compare_table.lua runs=" .. p.runs, notes = { about_all, table.unpack(sweeps(counted)) } }, counted, left))
    end
  end,
}
