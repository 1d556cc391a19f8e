-- What fmrun pareto measured of a run: every setting as a point, those that no other beats as a
-- line and as a table, and the floor.
local chart <const> = require "fm.report.chart"
local html <const> = require "fm.report.html"
local parts <const> = require "fm.report.parts"
local records <const> = require "fm.records.pareto"
local words <const> = require "fm.records.words"

local x_name <const> = "evaluations of the model"

local function text_of(s, found)
  return ("%s, %s: %s %s"):format(records.title(s), words.count(s.nfe, "evaluation"), found.name, words.value(s.value))
end

--- The dominated settings and the others as lines of a chart.
local function lines_of(found)
  local faint, front = { x = {}, y = {}, titles = {}, class = "s8 scattered" }, { x = {}, y = {}, titles = {}, class = "s1" }
  for _, s in ipairs(found.settings) do
    if s.value then
      local line = s.dominated and faint or front
      local i = #line.x + 1
      line.x[i], line.y[i], line.titles[i] = s.nfe, s.value, text_of(s, found)
    end
  end
  return faint, front
end

local function figure_of(found, faint, front)
  local first, last, positive = math.huge, 1, (found.floor or 1) > 0
  for _, line in ipairs { faint, front } do
    for i, x in ipairs(line.x) do first, last, positive = math.min(first, x), math.max(last, x), positive and line.y[i] > 0 end
  end
  local lines = { faint, front, found.floor and { x = { first, last }, y = { found.floor, found.floor }, class = "floor" } }
  local drawing = chart.svg(lines, { log = positive, log_x = first > 0, points = true, x_name = x_name, label = ("%s by %s"):format(found.name, x_name) })
  local keys = { html.span { class = "key", html.i { class = "s1" }, "not dominated" }, html.span { class = "key", html.i { class = "s8 scattered" },
    "dominated" }, found.floor and html.span { class = "key", html.i { class = "floor" }, records.floor_text(found) } }
  return html.figure { class = "result", html.figcaption { html.b { found.name }, html.span { class = "scale", positive and "logarithmic" or "" } },
    html.p { class = "legend", keys }, html.div { class = "plot", drawing } }
end

--- The settings that no other beats; beside each its distance to the floor.
local function table_of(found)
  local rows = {}
  for _, s in ipairs(found.settings) do
    if not s.dominated then
      rows[#rows + 1] = html.tr { html.th { scope = "row", records.title(s) }, html.td { s.nfe }, html.td { words.value(s.value) },
        found.floor and html.td { words.value(s.value - found.floor) } }
    end
  end
  local head = html.tr { html.th { "solver" }, html.th { "evaluations" }, html.th { found.name }, found.floor and html.th { "above the floor" } }
  return html.table { class = "front", html.thead { head }, html.tbody { rows } }
end

local function note_of(found, record)
  local without = {}
  for _, s in ipairs(found.settings) do
    if not s.value then without[#without + 1] = ("%s (%s)"):format(records.title(s), records.note(s)) end
  end
  local step = record.steps and record.steps ~= found.step and ("The model of step %d. "):format(found.step) or ""
  local more = #without > 0 and " Without a value: " .. table.concat(without, ", ") .. "." or ""
  return html.p { class = "note", step .. "Measured by fmrun pareto. A setting is dominated when another one is no worse in both, and better in one." .. more }
end

--- The section of a run's page; nil when nothing was measured.
return function(record)
  local found, message = records.read(record.path)
  local id <const>, title <const> = "pareto", "Quality against evaluations"
  if message then return parts.section(id, title, html.p { class = "note", "Not read: " .. message }) end
  if not found then return nil end
  local faint, front = lines_of(found)
  if #front.x == 0 then return parts.section(id, title, note_of(found, record)) end
  return parts.section(id, title, note_of(found, record), html.div { class = "curves alone", figure_of(found, faint, front) }, table_of(found))
end
