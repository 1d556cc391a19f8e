-- The page of a sweep.
local arms <const> = require "fm.report.arms"
local comparison <const> = require "fm.records.comparison"
local curves <const> = require "fm.report.curves"
local describe <const> = require "fm.records.describe"
local gallery <const> = require "fm.report.gallery"
local html <const> = require "fm.report.html"
local objective <const> = require "fm.records.objective"
local page <const> = require "fm.report.page"
local parallel <const> = require "fm.report.parallel"
local parts <const> = require "fm.report.parts"
local pictures <const> = require "fm.report.pictures"
local result_curves <const> = require "fm.report.result_curves"
local runs_table <const> = require "fm.report.runs_table"
local seeds <const> = require "fm.records.seeds"
local words <const> = require "fm.records.words"

local long_table <const> = 50 -- runs: a longer table comes after the charts
local most_keys <const> = 8 -- of a legend: nobody can tell more colors apart
local colors <const> = 8 -- of the scale from the best to the worst, in report.css

-- of a run without a value; any other status is a failure
local classes <const> = { done = "r7", running = "off", waiting = "off" }

--- Gives every run its color (class) and its place, counted from the best (order); runs without a
--- value come last.
local function rank(sweep, ranked)
  for _, run in ipairs(sweep.runs) do run.class, run.order = classes[run.status] or "bad", #sweep.runs end
  for i, run in ipairs(ranked) do run.class, run.order = "r" .. (i - 1) * (colors - 1) // math.max(1, #ranked - 1), i end
end

--- The same for groups, by the means of the objective. Returns those that have one, the best first.
local function rank_groups(groups, chosen, keys)
  local list = {}
  for _, group in ipairs(groups or {}) do
    group.class, group.label = "r7", arms.label(group, keys)
    if chosen then group.mean, group.deviation, group.count = seeds.spread(seeds.values(group, chosen.name)) end
    if group.mean then list[#list + 1] = group end
  end
  table.sort(list, function(a, b)
    if a.mean == b.mean then return a.index < b.index end
    if chosen.highest then return a.mean > b.mean end
    return a.mean < b.mean
  end)
  for i, group in ipairs(list) do group.class = "r" .. (i - 1) * (colors - 1) // math.max(1, #list - 1) end
  return list
end

--- All groups, those that have a mean of the objective first, the best of them at the top.
local function best_first(groups, ranked)
  local list, seen = {}, {}
  for _, groups_of in ipairs { ranked, groups } do
    for _, group in ipairs(groups_of) do
      if not seen[group] then seen[group], list[#list + 1] = true, group end
    end
  end
  return list
end

--- When there are few arms, their runs get the arms' colors, which a legend explains.
local function color_runs(groups)
  if not groups or #groups > most_keys then return end
  for _, group in ipairs(groups) do
    for _, run in ipairs(group.runs) do
      if run.class:find "^r" then run.class = group.class end
    end
  end
end

--- The best arm with more than one seed; nil when there is none.
local function best_arm(list)
  for _, group in ipairs(list) do
    if group.count > 1 then return group end
  end
  return nil
end

local statuses <const> = { "done", "running", "waiting", "failed", "diverged", "killed", "lost", "damaged" }

--- The bar and the list of how many runs have which status; and the counts by status.
local function counts(sweep)
  local by_status, bar, list = {}, {}, {}
  for _, run in ipairs(sweep.runs) do by_status[run.status] = (by_status[run.status] or 0) + 1 end
  for _, status in ipairs(statuses) do
    local n = by_status[status]
    if n then
      bar[#bar + 1] = html.span { class = status, style = ("flex-grow:%d"):format(n), title = ("%d %s"):format(n, status) }
      list[#list + 1] = html.span { class = "status " .. status, ("%d %s"):format(n, status) }
    end
  end
  return html.div { class = "progress", html.div { class = "bar", bar }, html.p { list } }, by_status
end

--- "0.0776 ± 0.0031" of a group.
local function mean_text(group)
  return table.concat { words.spread(group.mean, group.deviation) }
end

local function best_tiles(chosen, best, arm)
  if not best then return nil end
  local what = (chosen.highest and "highest " or "lowest ") .. chosen.name
  local tiles = { { arm and what .. " of one run" or what, best.summary[chosen.name], ("run %03d, %s"):format(best.index, best.label) } }
  if arm then table.insert(tiles, 1, { what .. ", mean over seeds", mean_text(arm), ("%s, %s"):format(arm.label, words.count(arm.count, "seed")) }) end
  return parts.tiles(tiles)
end

local function head_of(sweep, progress, chosen, best, arm)
  local seconds = 0
  for _, run in ipairs(sweep.runs) do seconds = seconds + (run.seconds or 0) end
  local facts = parts.facts(table.pack(words.count(#sweep.runs, "run"), words.time(sweep.created), words.seconds(seconds) .. " in all runs",
    #sweep.keys > 0 and "over " .. table.concat(sweep.keys, ", ")))
  local title = html.h1 { table.concat(sweep.experiments, ", "), html.small { sweep.id and "sweep " .. sweep.id or words.count(#sweep.runs, "run") } }
  return html.header { n = 6, html.p { class = "crumb", sweep.name }, title, facts, parts.command(sweep.command), progress, best_tiles(chosen, best, arm) }
end

local function failures(sweep)
  local list = {}
  for _, run in ipairs(sweep.runs) do
    local title = html.h3 { ("Run %03d "):format(run.index), parts.status(run.status), html.span { class = "label", run.label } }
    list[#list + 1] = parts.failure(run, title)
  end
  return #list > 0 and list or nil
end

local function runs_section(sweep, chosen, best)
  return parts.section("runs", "Runs", html.div { class = "controls scripted", id = "table-controls",
    html.input { type = "search", id = "filter", placeholder = "filter: lr<0.01 status=done moons", ["aria-label"] = "filter the runs" },
    html.span { class = "count", id = "count" }, html.button { type = "button", id = "clear", "show all" } }, runs_table.runs(sweep, chosen, best))
end

local function legend_key(class, text)
  return html.span { class = "key", html.i { class = class }, text }
end

--- What the colors of the curves mean: each arm, or each run if no two runs differ only in the
--- seed, when there are few; otherwise the scale from the best run to the worst.
local function legend_of(sweep, groups, chosen)
  local things = groups or sweep.runs
  if #things <= most_keys then
    local keys = {}
    for i, thing in ipairs(things) do keys[i] = legend_key(thing.class, thing.label) end
    return html.p { class = "legend", id = "legend", keys }
  end
  if not chosen then return html.p { class = "legend", id = "legend" } end
  local stops, ends = {}, chosen.highest and { "highest", "lowest" } or { "lowest", "highest" }
  for i = 0, colors - 1 do stops[i + 1] = html.span { class = "r" .. i } end
  return html.p { class = "legend", id = "legend", html.span { ends[1], " ", chosen.name }, html.span { class = "stops", stops },
    html.span { ends[2] }, legend_key("bad", "went wrong"), legend_key("off", "not done") }
end

local function curves_section(sweep, metrics, groups, chosen)
  if #metrics == 0 then return nil end
  return parts.section("curves", "Curves", html.div { class = "controls scripted", id = "curve-controls" }, legend_of(sweep, groups, chosen),
    groups and html.p { class = "note static-only", "Thin: runs. Wide: means over seeds." }, curves.figures(metrics, groups))
end

local function best_section(chosen, best, arm)
  if not best then return nil end
  local block, end_of_scale = pictures.block(best.path), chosen.highest and "highest" or "lowest"
  local claim = ("Run %03d has the %s %s, "):format(best.index, end_of_scale, chosen.name)
  local lead = html.p { class = "lead", claim, html.b { words.value(best.summary[chosen.name]) }, ", with " .. best.label .. "." }
  local mean = arm and html.p { class = "lead", ("Over seeds, the %s mean of %s is "):format(end_of_scale, chosen.name), html.b { mean_text(arm) },
    (", with %s (%s). One run may be best by luck."):format(arm.label, words.count(arm.count, "seed")) }
  return parts.section("best", arm and "The best arm and the best run" or "The best run", mean, lead, block, parts.command(describe.command(best)))
end

--- The samples of every arm, or of every run if no two runs differ only in the seed.
local function gallery_section(groups, ranked, arms_ranked, chosen)
  local list = {}
  for i, group in ipairs(groups and arms_ranked or {}) do
    local run = arms.first_run(group)
    list[i] = { path = run.path, label = group.label, note = ("%s %s, seed %s"):format(chosen.name, mean_text(group), tostring(run.config.seed)) }
  end
  for i, run in ipairs(groups and {} or ranked) do
    list[i] = { path = run.path, label = run.label, note = ("%s %s"):format(chosen.name, words.value(run.summary[chosen.name])) }
  end
  if #list < 2 then return nil end
  return parts.section("samples", groups and "Samples of each arm" or "Samples of each run", gallery(list))
end

--- The files that the best run was made of, and whether other runs were made of other files.
local function code_section(sweep, best)
  local begun, versions, n = {}, {}, 0
  for _, run in ipairs(sweep.runs) do begun[#begun + 1] = run.code and run or nil end
  for _, code in ipairs(comparison.codes(begun) or {}) do
    if not versions[code] then versions[code], n = true, n + 1 end
  end
  local note = n > 1 and html.p { class = "note", ("The runs were made by %d versions of the code; these files made the best one."):format(n) }
  return parts.section("code", "Code and data", note, parts.digests(best and best.code or sweep.scripts, best and best.data or {}))
end

--- What the scripts get to know of the sweep; they read the runs themselves from the table.
local function json_of(sweep, metrics, chosen)
  local encode = require "fm.core".json.encode
  local keys = {}
  for i, name in ipairs(sweep.keys) do keys[i] = html.clean(name) end
  return ('{"kind":"sweep","keys":%s,"objective":%s,"metrics":%s}'):format(#keys > 0 and encode(keys) or "[]",
    chosen and encode { name = html.clean(chosen.name), highest = chosen.highest or false } or "null", curves.json(metrics))
end

--- The text of the page about a sweep of fm.report.sweep. `given`: the metric that says which run
--- is best, or nil. Also returns whether one of its runs still runs.
return function(sweep, made, given)
  local chosen = objective.choose(sweep.runs, given)
  local ranked = objective.ranked(chosen, sweep.runs)
  rank(sweep, ranked)
  local groups = seeds.groups(sweep.runs, sweep.keys)
  local arms_ranked = rank_groups(groups, chosen, sweep.keys)
  local arm = best_arm(arms_ranked)
  color_runs(groups)
  local metrics = curves.collect(sweep.runs)
  local progress, by_status = counts(sweep)
  local best, running = ranked[1], by_status.running ~= nil
  local title = ("%s · %s"):format(table.concat(sweep.experiments, ", "), sweep.id and "sweep " .. sweep.id or sweep.name)
  local table_of_runs = runs_section(sweep, chosen, best)
  local is_long = #sweep.runs > long_table
  return page.text { title = title, refresh = running, made = made, json = json_of(sweep, metrics, chosen),
    body = { n = 13, head_of(sweep, progress, chosen, best, arm), result_curves(sweep.runs, groups and arms_ranked or ranked, groups),
      not is_long and table_of_runs,
      groups and parts.section("seeds", "Mean ± standard deviation over seeds", runs_table.means(sweep, best_first(groups, arms_ranked))),
      arm and parts.section("paired", "Differences to the best arm, seed by seed", runs_table.paired(sweep, groups, arm, chosen)),
      parts.section("compare", "Parameters and results", parallel(sweep, chosen)), curves_section(sweep, metrics, groups, chosen),
      best_section(chosen, best, arm), gallery_section(groups, ranked, arms_ranked, chosen), is_long and table_of_runs,
      parts.section("failures", "What went wrong", failures(sweep)),
      best and html.div { class = "columns", parts.section("configuration", "Configuration of the best run", parts.config(best)),
        parts.section("environment", "Environment of the best run", parts.environment(best)) },
      code_section(sweep, best) } }, running
end
