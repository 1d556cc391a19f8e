-- The metric curves of the runs of a page: a static chart for each metric, and the numbers with
-- which curves.js redraws it.
local chart <const> = require "fm.report.chart"
local core <const> = require "fm.core"
local floor_of <const> = require "fm.records.floor"
local html <const> = require "fm.report.html"
local read_metrics <const> = require "fm.records.metrics"
local spikes <const> = require "fm.records.spikes"
local thin <const> = require "fm.report.thin"
local words <const> = require "fm.records.words"

local curves <const> = {}

local most_points <const> = 500 -- of one curve
local page_points <const> = 80000 -- of all curves: about a megabyte
local least_points <const> = 40
local stretches <const> = 80 -- of the means in a static chart, smooth enough to look at

-- ---- reading ----

--- "nan at step 412" for the first value that is not finite.
local function first_not_finite(x, y)
  for i, v in ipairs(y) do
    if v - v ~= 0 then return ("%s at step %s"):format(v ~= v and "nan" or v > 0 and "inf" or "-inf", words.value(x[i])) end
  end
end

--- Reads the metrics of all runs: list of { name, curves = { { run, x, y } } } sorted by name, and
--- how many lines were damaged.
local function read_all(runs)
  local metrics, by_name, damaged = {}, {}, 0
  for _, run in ipairs(runs) do
    local found, bad = read_metrics(run.path .. "/metrics.jsonl")
    damaged = damaged + bad
    for name, curve in pairs(found) do
      if not by_name[name] then
        by_name[name] = { name = name, curves = {} }
        metrics[#metrics + 1] = by_name[name]
      end
      curve.run, curve.broken = run, first_not_finite(curve.x, curve.y)
      curve.floor, curve.floor_text = floor_of(run, name, curve.y)
      table.insert(by_name[name].curves, curve)
    end
  end
  table.sort(metrics, function(a, b) -- everybody looks for the loss first
    local first_a, first_b = a.name:find "^loss" ~= nil, b.name:find "^loss" ~= nil
    if first_a ~= first_b then return first_a end
    return a.name < b.name
  end)
  return metrics, damaged
end

--- The floor of a metric whose curves all have one: their mean, and the lowest and highest. Seeds
--- that draw their own data differ a little.
local function common_floor(metric)
  local sum, low, high = 0.0, math.huge, -math.huge
  for _, curve in ipairs(metric.curves) do
    if not curve.floor then return nil end
    sum, low, high = sum + curve.floor, math.min(low, curve.floor), math.max(high, curve.floor)
  end
  return low == high and low or sum / #metric.curves, low, high
end

local function shorten(metric, points)
  metric.floor, metric.lowest_floor, metric.highest_floor = common_floor(metric)
  local low, high, longest = math.huge, -math.huge, 1
  for _, curve in ipairs(metric.curves) do
    low, high, longest = math.min(low, curve.x[1]), math.max(high, curve.x[#curve.x]), math.max(longest, #curve.x)
  end
  metric.log = chart.wants_log(metric.curves)
  local count = math.min(longest, points // 2)
  metric.low, metric.high, metric.grid = low, high, thin.middles(low, high, count)
  metric.wide_grid = thin.middles(low, high, math.min(count, stretches))
  for _, curve in ipairs(metric.curves) do
    curve.means = thin.means(curve.x, curve.y, low, high, count)
    curve.wide_means = thin.means(curve.x, curve.y, low, high, #metric.wide_grid)
    curve.x, curve.y = thin.extremes(curve.x, curve.y, points)
  end
end

--- The curves of runs ({ index, path, name }), short enough for a page.
function curves.collect(runs)
  local metrics, damaged = read_all(runs)
  local points = math.max(least_points, math.min(most_points, page_points // math.max(1, #metrics * #runs)))
  for _, metric in ipairs(metrics) do shorten(metric, points) end
  return metrics, damaged
end

-- ---- as JSON for curves.js ----

--- A float with this many digits; with all digits when rounding would overflow.
local function float(digits, v)
  return ("%." .. (math.abs(v) < 1.79e308 and digits or 17) .. "g"):format(v)
end

local function numbers(list)
  local texts = {}
  for i, v in ipairs(list) do
    texts[i] = v - v ~= 0 and "null" or math.type(v) == "integer" and ("%d"):format(v) or float(5, v)
  end
  return "[" .. table.concat(texts, ",") .. "]"
end

local function steps(list)
  local texts = {}
  for i, v in ipairs(list) do texts[i] = float(10, v) end
  return "[" .. table.concat(texts, ",") .. "]"
end

--- [{ name, log, grid, floor, curves: [{ run, x, y, means }] }]; what is not finite is null.
function curves.json(metrics)
  local list = {}
  for i, metric in ipairs(metrics) do
    local texts = {}
    for k, curve in ipairs(metric.curves) do
      texts[k] = ('{"run":%d,"x":%s,"y":%s,"means":%s}'):format(curve.run.index, steps(curve.x), numbers(curve.y), numbers(curve.means))
    end
    local name = core.json.encode(html.clean(metric.name))
    list[i] = ('{"name":%s,"log":%s,"grid":%s,"floor":%s,"curves":[%s]}'):format(name, metric.log, steps(metric.grid),
      metric.floor and float(5, metric.floor) or "null", table.concat(texts, ","))
  end
  return "[" .. table.concat(list, ",") .. "]"
end

-- ---- static charts ----

--- One run: the logged values, faint, under their means; a curve of few points needs no means.
local function lines_of_run(metric)
  local curve = metric.curves[1]
  if #curve.x <= 30 then return { { x = curve.x, y = curve.y, class = "s1" } } end
  return { { x = curve.x, y = curve.y, class = "s1 faint" }, { x = metric.wide_grid, y = curve.wide_means, class = "s1" } }
end

--- The legend of the lines of one run; nil when every metric has one line.
function curves.legend_of_run(metrics)
  local has_means, has_floor = false, false
  for _, metric in ipairs(metrics) do
    has_means, has_floor = has_means or #lines_of_run(metric) > 1, has_floor or metric.floor ~= nil
  end
  if not has_means and not has_floor then return nil end
  local function key(class, text) return html.span { class = "key", html.i { class = class }, text } end
  return html.p { class = "legend", id = "legend", key(has_means and "s1 faint" or "s1", "logged"), has_means and key("s1", "smoothed") or "",
    has_floor and key("floor", "floor") or "" }
end

--- Many runs: their means, each in the class of its rank, and the means over seeds where there are
--- groups.
local function lines_of_runs(metric, groups)
  local lines = {}
  for i, curve in ipairs(metric.curves) do
    lines[i] = { x = metric.wide_grid, y = curve.wide_means, class = curve.run.class .. (groups and " faint" or ""), run = curve.run.index }
  end
  for _, group in ipairs(groups or {}) do
    local means = group.means_of(metric)
    if means then lines[#lines + 1] = { x = metric.wide_grid, y = means, class = group.class .. " wide" } end
  end
  return lines
end

--- The floor as a line through the whole chart.
local function add_floor(metric, lines)
  if metric.floor then lines[#lines + 1] = { x = { metric.low, metric.high }, y = { metric.floor, metric.floor }, class = "floor" } end
  return lines
end

local function floor_note(metric)
  if not metric.floor then return nil end
  local low, high = words.value(metric.lowest_floor), words.value(metric.highest_floor)
  if low ~= high then return html.p { class = "note", ("Floors %s to %s; the line is their mean."):format(low, high) } end
  return html.p { class = "note", ("Floor %s."):format(#metric.curves == 1 and metric.curves[1].floor_text or words.value(metric.floor)) }
end

local function label_of(metric)
  local low, high = math.huge, -math.huge
  for _, curve in ipairs(metric.curves) do
    for _, v in ipairs(curve.y) do
      if v - v == 0 then low, high = math.min(low, v), math.max(high, v) end
    end
  end
  if low > high then return metric.name .. " by step: no finite value" end
  return ("%s by step, between %s and %s"):format(metric.name, words.value(low), words.value(high))
end

--- What is to be said of several runs, in one line.
local function notes(title, list)
  if #list == 0 then return nil end
  local shown = table.concat(list, "; ", 1, math.min(#list, 3))
  return html.p { class = "note", title .. shown .. (#list > 3 and (" and %d more"):format(#list - 3) or "") .. "." }
end

local function broken_note(metric, of_sweep)
  local list = {}
  for _, curve in ipairs(metric.curves) do
    if curve.broken then list[#list + 1] = of_sweep and ("run %03d, %s"):format(curve.run.index, curve.broken) or curve.broken end
  end
  return notes("Not finite: ", list)
end

local function spikes_note(metric, of_sweep)
  local list = {}
  for _, curve in ipairs(metric.curves) do
    local text = spikes.text(curve.run, metric.name)
    if text then list[#list + 1] = of_sweep and ("run %03d, %s"):format(curve.run.index, text) or text end
  end
  return notes("", list)
end

--- A figure per metric. groups: of runs that differ in the seed only, or nil; each { class,
--- means_of(metric) }.
function curves.figures(metrics, groups)
  local figures = {}
  for i, metric in ipairs(metrics) do
    local of_sweep = metric.curves[1].run.class ~= nil
    local lines = of_sweep and lines_of_runs(metric, groups) or lines_of_run(metric)
    local drawing = chart.svg(add_floor(metric, lines), { log = metric.log, label = label_of(metric), from = metric.low, to = metric.high, x_name = "step" })
    figures[i] = html.figure { class = "curve", ["data-metric"] = i - 1,
      html.figcaption { html.b { metric.name }, html.span { class = "scale", metric.log and "logarithmic" or "" } },
      html.div { class = "plot", drawing }, floor_note(metric) or "", broken_note(metric, of_sweep) or "", spikes_note(metric, of_sweep) }
  end
  return html.div { class = #metrics == 1 and "curves alone" or "curves", figures }
end

return curves
