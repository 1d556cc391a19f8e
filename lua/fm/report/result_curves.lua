-- The curves of results (run:curve) of the runs of a page: one picture for each name, in which each
-- arm has a line, the mean over its runs, with the standard deviation as whiskers.
local chart <const> = require "fm.report.chart"
local html <const> = require "fm.report.html"
local parts <const> = require "fm.report.parts"
local read <const> = require "fm.records.result_curves"
local seeds <const> = require "fm.records.seeds"
local words <const> = require "fm.records.words"

local colors <const>, most_keys <const> = 8, 16 -- in report.css; of a legend: twice the colors, the second time dashed
local most_ticks <const> = 10                  -- an axis names the places of the points when they are no more

--- The curves of the runs by name: list of { name, log, x_name, y_name, curves }, in the order of
--- their names, and a line for each that cannot be read.
local function collect(runs)
  local list, by_name, problems = {}, {}, {}
  for _, run in ipairs(runs) do
    local found, wrong = read(run)
    for _, curve in ipairs(found) do
      local picture = by_name[curve.name]
      if not picture then
        picture = { name = curve.name, log = curve.log, x_name = curve.x_name, y_name = curve.y_name, curves = {} }
        by_name[curve.name], list[#list + 1] = picture, picture
      end
      curve.run = run
      table.insert(picture.curves, curve)
    end
    for _, text in ipairs(wrong) do problems[#problems + 1] = #runs > 1 and ("run %03d: %s"):format(run.index, text) or text end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list, problems
end

--- The points of several runs: at each x that one of them has, the values of all that have it.
local function merged(curves)
  local values, x = {}, {}
  for _, curve in ipairs(curves) do
    for i, at in ipairs(curve.x) do
      at = at + 0.0
      if not values[at] then values[at], x[#x + 1] = {}, at end
      table.insert(values[at], curve.y[i])
    end
  end
  table.sort(x)
  return x, values
end

local function title_of(label, picture, at, mean, deviation, count)
  local mean_text, more = words.spread(mean, deviation)
  local of = count > 1 and (" (%d runs)"):format(count) or ""
  return ("%s%s %s: %s%s%s"):format(label and label .. ", " or "", picture.x_name, words.value(at), mean_text, more or "", of)
end

--- The line of an arm.
local function line_of(picture, curves, class, label)
  local x, values = merged(curves)
  local line = { x = x, y = {}, low = {}, high = {}, titles = {}, class = class, label = label }
  for i, at in ipairs(x) do
    local mean, deviation, count = seeds.spread(values[at])
    line.y[i] = mean or 0 / 0
    line.low[i], line.high[i] = deviation and mean - deviation or false, deviation and mean + deviation or false
    line.titles[i] = mean and title_of(label, picture, at, mean, deviation, count) or ""
  end
  return line
end

--- A line for each arm, in the order of the arms, as { label, runs }.
local function lines_of(picture, list)
  local lines = {}
  for i, arm in ipairs(list) do
    local curves = {}
    for _, curve in ipairs(picture.curves) do
      if arm.runs[curve.run] then curves[#curves + 1] = curve end
    end
    local class = ("s%d%s"):format((i - 1) % colors + 1, (i - 1) // colors % 2 == 1 and " dashed" or "")
    if #curves > 0 then lines[#lines + 1] = line_of(picture, curves, class, arm.label) end
  end
  return lines
end

--- The mean of the floors, when every curve has one.
local function floor_of(picture)
  local floors = {}
  for i, curve in ipairs(picture.curves) do
    if not curve.floor then return nil end
    floors[i] = curve.floor
  end
  return (seeds.spread(floors))
end

local function ticks_of(lines)
  local seen, ticks = {}, {}
  for _, line in ipairs(lines) do
    for _, at in ipairs(line.x) do
      if not seen[at] then seen[at], ticks[#ticks + 1] = true, at end
    end
  end
  table.sort(ticks)
  return #ticks <= most_ticks and ticks[1] > 0 and ticks or nil, ticks[1], ticks[#ticks]
end

local function legend_of(lines, floor)
  if #lines == 1 and not floor then return nil end
  local keys = {}
  for i, line in ipairs(#lines <= most_keys and lines or {}) do
    if line.label then keys[i] = html.span { class = "key", html.i { class = line.class }, line.label } end
  end
  if floor then keys[#keys + 1] = html.span { class = "key", html.i { class = "floor" }, "floor " .. words.value(floor) } end
  return html.p { class = "legend", keys }
end

local function figure_of(picture, list)
  local lines, floor = lines_of(picture, list), floor_of(picture)
  local ticks, first, last = ticks_of(lines)
  local legend = legend_of(lines, floor)
  if floor then lines[#lines + 1] = { x = { first, last }, y = { floor, floor }, class = "floor" } end
  local log_x, log_y = picture.log:find "x" ~= nil and first > 0, picture.log:find "y" ~= nil
  local drawing = chart.svg(lines, { log = log_y, log_x = log_x, ticks = ticks, points = true, x_name = picture.x_name,
    label = ("%s by %s"):format(picture.y_name, picture.x_name) })
  return html.figure { class = "result", html.figcaption { html.b { picture.name },
    html.span { class = "scale", picture.y_name .. (log_y and ", logarithmic" or "") } }, legend or "", html.div { class = "plot", drawing } }
end

--- The arms of a page as { label, runs = run -> true }: the ranked ones (groups of runs, or runs),
--- then the others.
local function arms_of(ranked, others)
  local list, seen = {}, {}
  for _, things in ipairs { ranked, others } do
    for _, thing in ipairs(things) do
      if not seen[thing] then
        local members = {}
        for _, run in ipairs(thing.runs or { thing }) do members[run] = true end
        seen[thing], list[#list + 1] = true, { label = thing.label, runs = members }
      end
    end
  end
  return list
end

--- The section of a page; nil when no run has such a curve. runs: of the page. ranked: the groups
--- of runs, or the runs, the best first; groups: all groups, or nil.
return function(runs, ranked, groups)
  local pictures, problems = collect(runs)
  local list = arms_of(ranked or {}, groups or runs)
  if #runs == 1 then list[1].label = nil end
  local figures, notes = {}, {}
  for i, picture in ipairs(pictures) do figures[i] = figure_of(picture, list) end
  for i, text in ipairs(problems) do notes[i] = html.p { class = "note", "Not read: " .. text } end
  local note = groups and #figures > 0 and html.p { class = "note", "Means over the runs of an arm, ± standard deviation. The best arm comes first." }
  return parts.section("results", "Curves of results", note, #figures > 0 and html.div { class = #figures == 1 and "curves alone" or "curves", figures },
    #notes > 0 and notes)
end
