-- The page of one run.
local curves <const> = require "fm.report.curves"
local describe <const> = require "fm.records.describe"
local html <const> = require "fm.report.html"
local objective <const> = require "fm.records.objective"
local page <const> = require "fm.report.page"
local pareto <const> = require "fm.report.pareto"
local parts <const> = require "fm.report.parts"
local pictures <const> = require "fm.report.pictures"
local result_curves <const> = require "fm.report.result_curves"
local result_tables <const> = require "fm.report.result_tables"
local sorted_keys <const> = require "fm.parts.sorted_keys"
local spikes <const> = require "fm.records.spikes"
local words <const> = require "fm.records.words"

local drawn_here <const> = { ["pareto.png"] = true } -- its section draws the same

local function summary_tiles(record)
  local tiles = {}
  for i, name in ipairs(objective.sort(sorted_keys(record.summary))) do tiles[i] = { name, record.summary[name] } end
  return parts.tiles(tiles)
end

local function head_of(record)
  return html.header { n = 6, html.p { class = "crumb", record.name }, html.h1 { record.experiment, " ", parts.status(record.status) },
    parts.facts(table.pack(words.time(record.started), words.seconds(record.seconds), record.steps and words.count(record.steps, "step"),
      record.seed and "seed " .. record.seed, spikes.any { record } and words.count(spikes.count(record), "spike"),
      record.script)), parts.command(describe.command(record)), parts.failure(record), summary_tiles(record) }
end

local function curves_section(metrics, damaged)
  if #metrics == 0 then return parts.section("curves", "Curves", html.p { class = "note", "Nothing was logged." }) end
  return parts.section("curves", "Curves", html.div { class = "controls scripted", id = "curve-controls" },
    curves.legend_of_run(metrics), curves.figures(metrics),
    damaged > 0 and html.p { class = "note", words.count(damaged, "line") .. " of metrics.jsonl could not be read." })
end

local function log_section(record)
  local text, shown = parts.log_tail(record.path, 200)
  if not text then return nil end
  return parts.section("log", "Log", html.p { class = "note", shown and ("The last %d lines of log.txt."):format(shown) }, html.pre { text })
end

--- The text of the page about a record of fm.records, and whether the run goes on.
return function(record, made)
  record.index = 1
  local metrics, damaged = curves.collect { record }
  local running = record.status == "running"
  return page.text { title = ("%s · %s"):format(record.experiment, record.id), refresh = running, made = made,
    json = ('{"kind":"run","metrics":%s}'):format(curves.json(metrics)),
    body = { n = 9, head_of(record), result_tables(record), pareto(record), result_curves { record }, curves_section(metrics, damaged),
      parts.section("pictures", "Pictures", pictures.block(record.path, drawn_here)),
      html.div { class = "columns", parts.section("configuration", "Configuration", parts.config(record)),
        parts.section("environment", "Environment", parts.environment(record)) },
      parts.section("code", "Code and data", parts.digests(record.code or {}, record.data or {})), log_section(record) } }, running
end
