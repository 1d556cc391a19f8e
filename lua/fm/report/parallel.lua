-- Parallel coordinates: an axis per changed parameter and per summary, a line per run. parallel.js
-- adds brushes and hover to this SVG.
local html <const> = require "fm.report.html"
local limits <const> = require "fm.plot.parts.limits"
local objective <const> = require "fm.records.objective"
local ticks <const> = require "fm.plot.parts.ticks"
local words <const> = require "fm.records.words"

local height <const>, top <const>, bottom <const> = 300, 44, 18
local least_margin <const>, letter <const> = 64, 7.2 -- letter: the width of one, about
local page_width <const>, least_spacing <const> = 1124, 110
local most_axes <const> = 12

-- ---- axes: { name, at(value) -> pixel or nil, ticks = { { y, label } } } ----

local function place(part) -- 0 at the foot of an axis, 1 at its head
  return height - bottom - part * (height - top - bottom)
end

-- When there are few values, they stand at equal distances: then all labels have room, and lines
-- stay apart.
local function stepped(name, values)
  table.sort(values, function(a, b)
    if math.type(a) and math.type(b) then return a < b end
    if math.type(a) or math.type(b) then return math.type(a) ~= nil end
    return tostring(a) < tostring(b)
  end)
  local where, marks = {}, {}
  for i, value in ipairs(values) do
    local y = place(#values > 1 and (i - 1) / (#values - 1) or 0.5)
    where[value], marks[i] = y, { y, words.value(value) }
  end
  return { name = name, ticks = marks, at = function(value) return where[value] end }
end

local function continuous(name, values)
  local low, high = math.huge, -math.huge
  for _, v in ipairs(values) do low, high = math.min(low, v), math.max(high, v) end
  local log = low > 0 and high > 30 * low
  local unit = log and 1 or limits.unit(low, high)
  local function scale(v) return log and math.log(v, 10) or v / unit end
  local from, to = limits.widen(scale(low), scale(high), 0.04)
  local list = log and ticks.logarithmic(from, to, 6) or ticks.linear(from, to, ticks.step(from, to, 6), unit)
  local function at(value) return math.type(value) and value - value == 0 and place((scale(value) - from) / (to - from)) or nil end
  local marks = {}
  for _, tick in ipairs(list) do
    if tick.label then marks[#marks + 1] = { place((tick.at - from) / (to - from)), tick.label } end
  end
  return { name = name, ticks = marks, at = at }
end

local function axis(name, runs, get, most_steps)
  local values, seen, numeric = {}, {}, true
  for _, run in ipairs(runs) do
    local value = get(run, name)
    if value ~= nil and value == value and not seen[value] then
      seen[value] = true
      values[#values + 1], numeric = value, numeric and math.type(value) ~= nil and value - value == 0
    end
  end
  if #values < 2 then return nil end
  local made = numeric and #values > most_steps and continuous(name, values) or stepped(name, values)
  made.of = function(run)
    local value = get(run, name)
    return value ~= nil and made.at(value) or nil
  end
  return made
end

local function changed(run, name) return run.changed[name] end
local function summary(run, name)
  local value = run.summary[name]
  return math.type(value) and value - value == 0 and value or nil
end

--- The axes of a sweep: its keys, then the summaries that differ, the objective last.
local function axes_of(sweep, chosen)
  local list = {}
  for _, key in ipairs(sweep.keys) do list[#list + 1] = axis(key, sweep.runs, changed, 8) end
  for _, name in ipairs(objective.names(sweep.runs)) do
    local own = chosen and name == chosen.name or objective.is_floor(name)
    if #list < most_axes - 1 and not own then list[#list + 1] = axis(name, sweep.runs, summary, 1) end
  end
  if chosen then list[#list + 1] = axis(chosen.name, sweep.runs, summary, 1) end
  return list
end

-- ---- drawing ----

local function draw_axis(a, x)
  local parts = { html.text { class = "name", x = x, y = top - 24, ["text-anchor"] = "middle", a.name },
    html.path { class = "frame", d = ("M%d %dV%d"):format(x, top - 6, height - bottom + 6) } }
  for _, tick in ipairs(a.ticks) do
    parts[#parts + 1] = html.path { class = "frame", d = ("M%d %.1fh-5"):format(x, tick[1]) }
    parts[#parts + 1] = html.text { class = "value", x = x - 9, y = ("%.1f"):format(tick[1] + 4), ["text-anchor"] = "end", tick[2] }
  end
  return html.g { class = "axis", ["data-x"] = x, parts }
end

local function draw_run(run, list, margin, spacing)
  local path, places, x_before, y_before = {}, {}, nil, nil
  for i, a in ipairs(list) do
    local x, y = margin + (i - 1) * spacing, a.of(run)
    places[i] = y and ("%.1f"):format(y) or "-"
    if y and y_before then
      local middle = (x_before + x) / 2
      path[#path + 1] = ("C%.0f %.1f %.0f %.1f %d %.1f"):format(middle, y_before, middle, y, x, y)
    elseif y then
      path[#path + 1] = ("M%d %.1f"):format(x, y)
    end
    x_before, y_before = x, y
  end
  return html.path { class = "line " .. run.class, ["data-run"] = run.index, ["data-y"] = table.concat(places, " "),
    d = table.concat(path), html.title { run.label } }
end

--- The room at both sides, so that the labels of the first axis and the names at both ends are not
--- cut off.
local function margin_of(list)
  local widest = 0
  for _, tick in ipairs(list[1].ticks) do widest = math.max(widest, utf8.len(tick[2]) * letter + 12) end
  for _, a in ipairs { list[1], list[#list] } do widest = math.max(widest, utf8.len(a.name) * letter / 2 + 4) end
  return math.ceil(math.max(least_margin, widest))
end

--- The drawing; nil when there are not two axes to compare. run.class gives the color, run.order
--- which line lies over which.
return function(sweep, chosen)
  local list = axes_of(sweep, chosen)
  if #list < 2 then return nil end
  local margin = margin_of(list)
  local spacing = math.max(least_spacing, (page_width - 2 * margin) // (#list - 1))
  local width = 2 * margin + (#list - 1) * spacing
  local lines, drawn = {}, {}
  for i, run in ipairs(sweep.runs) do drawn[i] = run end
  table.sort(drawn, function(a, b) return a.order > b.order end) -- the best comes last, over the others
  for i, run in ipairs(drawn) do lines[i] = draw_run(run, list, margin, spacing) end
  local axes = {}
  for i, a in ipairs(list) do axes[i] = draw_axis(a, margin + (i - 1) * spacing) end
  return html.div { class = "parallel wide", html.svg { class = "parallel", id = "parallel", role = "img",
    ["aria-label"] = ("parallel coordinates of %s"):format(words.count(#sweep.runs, "run")), viewBox = ("0 0 %d %d"):format(width, height),
    style = ("min-width:%dpx"):format(math.floor(width * 0.68)), html.g { class = "runs", lines }, axes } }
end
