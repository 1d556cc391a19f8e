-- A chart of curves as SVG in the page. Its colors are classes of report.css, so that it follows
-- the reader's light or dark.
local html <const> = require "fm.report.html"
local limits <const> = require "fm.plot.parts.limits"
local ticks <const> = require "fm.plot.parts.ticks"
local words <const> = require "fm.records.words"

local chart <const> = {}

local width <const>, height <const> = 560, 250
local top <const>, right <const>, bottom <const> = 10, 18, 44
local letter <const> = 7 -- width of a digit of the axes

local function finite(v)
  return v - v == 0
end

--- Whether curves read better over a logarithmic axis: all positive, most falling, over more than a
--- decade and a half.
function chart.wants_log(curves)
  local low, high, falling = math.huge, 0, 0
  for _, curve in ipairs(curves) do
    local first, last
    for _, v in ipairs(curve.y) do
      if finite(v) then
        if v <= 0 then return false end
        low, high, first, last = math.min(low, v), math.max(high, v), first or v, v
      end
    end
    if first and last < first then falling = falling + 1 end
  end
  return high > 30 * low and 2 * falling > #curves
end

local function scaled(v, log)
  if not log then return v end
  return v > 0 and math.log(v, 10) or 0 / 0
end

--- What an axis spans, divided by its unit (see limits.unit), and the unit.
local function range_of(low, high, log, part)
  local unit = log and 1 or limits.unit(low, high)
  low, high = low / unit, high / unit
  if part or high - low <= 1e-12 * math.max(math.abs(low), math.abs(high)) then low, high = limits.widen(low, high, part or 0) end
  return low, high, unit
end

--- The axes of the lines. A logarithmic x has a little room on both sides, for points.
local function bounds(lines, o)
  local box = { math.huge, -math.huge, math.huge, -math.huge }
  for _, line in ipairs(lines) do
    for i, x in ipairs(line.x) do
      x = scaled(x, o.log_x)
      for _, list in ipairs { line.y, line.low, line.high } do
        local y = list[i] and scaled(list[i], o.log) or 0 / 0
        if finite(x) and finite(y) then
          box = { math.min(box[1], x), math.max(box[2], x), math.min(box[3], y), math.max(box[4], y) }
        end
      end
    end
  end
  if box[1] > box[2] then box = { 0, 1, 0, 1 } end
  return { range_of(o.from or box[1], o.to or box[2], o.log_x, o.points and 0.03) }, { range_of(box[3], box[4], o.log, 0.05) }
end

local function path_of(line, at, o, unit_x, unit_y)
  local path, command = {}, "M"
  for i, x in ipairs(line.x) do
    local y = scaled(line.y[i], o.log)
    x = scaled(x, o.log_x)
    if finite(x) and finite(y) then
      local px, py = at(x / unit_x, y / unit_y)
      path[#path + 1] = ("%s%.1f %.1f"):format(command, px, py)
      command = "L"
    else
      command = "M" -- a gap
    end
  end
  if #path == 1 then path[2] = "h.01" end -- one point: a dot, by the round ends of the line
  return table.concat(path)
end

--- A disc for each point, with its text for the pointer, and a whisker from `low` to `high`.
local function points_of(line, at, o, unit_x, unit_y)
  local marks = {}
  for i, x in ipairs(line.x) do
    local px, py = at(scaled(x, o.log_x) / unit_x, scaled(line.y[i], o.log) / unit_y)
    if finite(px) and finite(py) then
      local low, high = line.low and line.low[i], line.high and line.high[i]
      if low and high then
        local _, foot = at(0, scaled(low, o.log) / unit_y)
        local _, head = at(0, scaled(high, o.log) / unit_y)
        if not finite(foot) then foot = height - bottom end -- below what a logarithm reaches
        marks[#marks + 1] = html.path { class = "whisker " .. line.class, d = ("M%.1f %.1fV%.1f"):format(px, math.min(foot, height - bottom), head) }
      end
      marks[#marks + 1] = html.circle { class = "point " .. line.class, cx = ("%.1f"):format(px), cy = ("%.1f"):format(py), r = 3,
        html.title { line.titles[i] } }
    end
  end
  return marks
end

--- Ticks at these values, over a logarithmic axis: those of few points.
local function ticks_at(values)
  local list = {}
  for i, v in ipairs(values) do list[i] = { at = math.log(v, 10), label = words.value(v) } end
  return list
end

local function widest(list)
  local most = 0
  for _, tick in ipairs(list) do most = math.max(most, tick.label and utf8.len(tick.label) or 0) end
  return most * letter
end

local function axes(xticks, yticks, at, left, x0, x1, y0, name)
  local parts = {}
  for _, tick in ipairs(yticks) do
    local _, y = at(x0, tick.at)
    if tick.label then
      parts[#parts + 1] = html.path { class = "grid", d = ("M%d %.1fH%d"):format(left, y, width - right) }
      parts[#parts + 1] = html.text { x = left - 7, y = ("%.1f"):format(y + 4), ["text-anchor"] = "end", tick.label }
    end
  end
  for _, tick in ipairs(xticks) do
    local x = at(tick.at, y0)
    if tick.label and tick.at >= x0 and tick.at <= x1 then
      parts[#parts + 1] = html.path { class = "tick", d = ("M%.1f %dv4"):format(x, height - bottom) }
      local half = utf8.len(tick.label) * letter / 2
      local inside = math.max(half, math.min(x, width - half)) -- a long label at an end would be cut off
      parts[#parts + 1] = html.text { x = ("%.1f"):format(inside), y = height - bottom + 17, ["text-anchor"] = "middle", tick.label }
    end
  end
  if name then
    local middle = ("%.1f"):format((left + width - right) / 2)
    parts[#parts + 1] = html.text { class = "axis-name", x = middle, y = height - bottom + 36, ["text-anchor"] = "middle", name }
  end
  parts[#parts + 1] = html.path { class = "frame", d = ("M%d %dH%d"):format(left, height - bottom, width - right) }
  return parts
end

--- lines: list of { x, y, class }, drawn in this order; with titles (the text of each point) a line
--- has points, and with low and high (lists) whiskers. Options: log, log_x, label (the text for
--- screen readers), x_name, from and to (of x), points (some lines have them), ticks (the values
--- of x that a logarithmic axis names).
function chart.svg(lines, o)
  local x_axis, y_axis = bounds(lines, o)
  local x0, x1, unit_x = table.unpack(x_axis)
  local y0, y1, unit_y = table.unpack(y_axis)
  local yticks = o.log and ticks.logarithmic(y0, y1, 5) or ticks.linear(y0, y1, ticks.step(y0, y1, 5), unit_y)
  local xticks = o.log_x and (o.ticks and ticks_at(o.ticks) or ticks.logarithmic(x0, x1, 6)) or ticks.linear(x0, x1, ticks.step(x0, x1, 6), unit_x)
  local left = math.max(34, 12 + widest(yticks))
  local dx, dy = (width - left - right) / (x1 - x0), (height - top - bottom) / (y1 - y0)
  local function at(x, y)
    return left + (x - x0) * dx, height - bottom - (y - y0) * dy
  end
  local paths = {}
  for i, line in ipairs(lines) do
    paths[i] = html.join { html.path { class = "line " .. line.class, d = path_of(line, at, o, unit_x, unit_y) },
      line.titles and points_of(line, at, o, unit_x, unit_y) }
  end
  return html.svg { class = "chart", role = "img", ["aria-label"] = o.label, viewBox = ("0 0 %d %d"):format(width, height),
    axes(xticks, yticks, at, left, x0, x1, y0, o.x_name), paths }
end

return chart
