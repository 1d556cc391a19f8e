-- curve(series, {log, xlabel, ylabel, title, limits, width, height}): lines, or points, over axes.
-- For the forms of `series` see parts/series.lua.
--   xlabel: "step" when not given and a series has values at 1, 2, 3 ...; ylabel: the name of a
--   single series when not given; "" is none
--   log = "x" | "y" | "xy": logarithmic axes; what is not positive there is left out
--   a series with points = true is drawn as points, with joined = true as both; faint = true draws
--   it paler, behind the others; labels = {..} writes a text beside each point, where there is room
local core <const> = require "fm.core"
local colors <const> = require "fm.plot.parts.colors"
local figure <const> = require "fm.plot.parts.figure"
local labels <const> = require "fm.plot.parts.labels"
local limits <const> = require "fm.plot.parts.limits"
local options <const> = require "fm.parts.options"
local read_series <const> = require "fm.plot.parts.series"

local where <const> = "plot.curve"
local logs <const> = { x = { true, false }, y = { false, true }, xy = { true, true }, yx = { true, true } }

local function scaled(list, log)
  if not log then return list end
  local result = {}
  for i, v in ipairs(list) do result[i] = v > 0 and math.log(v, 10) or 0 / 0 end
  return result
end

--- Divides the coordinates by their unit, and returns it.
local function to_units(series, axis)
  local low, high = math.huge, -math.huge
  for _, s in ipairs(series) do
    for _, v in ipairs(s[axis]) do
      if v - v == 0 then low, high = math.min(low, v), math.max(high, v) end
    end
  end
  local unit = low <= high and limits.unit(low, high) or 1
  if unit == 1 then return 1 end
  for _, s in ipairs(series) do
    local list = {}
    for i, v in ipairs(s[axis]) do list[i] = v / unit end
    s[axis] = list
  end
  return unit
end

local function span(series, axis)
  local low, high = math.huge, -math.huge
  for _, s in ipairs(series) do
    for i, v in ipairs(s[axis]) do
      local other = s[axis == "x" and "y" or "x"][i]
      if v - v == 0 and other - other == 0 then low, high = math.min(low, v), math.max(high, v) end
    end
  end
  if low > high then return 0, 1 end
  return limits.widen(low, high, axis == "x" and 0.02 or 0.05)
end

-- The names of the axes when the script does not give them: "step" where values were given without
-- places, the name of a single series.
local function axis_names(series)
  local counted = false
  for _, s in ipairs(series) do
    local counts = #s.x > 1
    for i, x in ipairs(s.x) do counts = counts and x == i end
    counted = counted or counts
  end
  return counted and "step" or nil, #series == 1 and series[1].name or nil
end

-- Limits in the units of the panel: logarithms where the axis is logarithmic.
local function bounds(series, given, log_x, log_y, unit_x, unit_y)
  if given then
    given = limits.check(where, given)
    local box = { given[1] / unit_x, given[2] / unit_x, given[3] / unit_y, given[4] / unit_y }
    for i, log in ipairs { log_x, log_x, log_y, log_y } do
      if log and box[i] <= 0 then core.fail(where .. ": limits of a logarithmic axis must be positive") end
      if log then box[i] = math.log(box[i], 10) end
    end
    return box
  end
  local x0, x1 = span(series, "x")
  local y0, y1 = span(series, "y")
  return { x0, x1, y0, y1 }
end

-- The canvas gets pixels, not numbers: a float has too few digits for step 16777217, a pixel needs
-- none.
local function pixels(panel, s)
  local rows = {}
  for i, x in ipairs(s.x) do rows[i] = { panel:at(x, s.y[i]) } end
  return rows
end

local function draw_series(on, s, room)
  if #s.rows == 0 then return end
  local rows, alpha = core.tensor(s.rows), s.faint and 0.35 or 0.95
  local line = (s.joined or not s.points) and #s.rows > 1
  if line then on:lines(rows, 0, 1, 0, 1, #s.rows > 1500 and 1.2 or 1.8, s.color, alpha) end
  if line and not s.points then return end
  on:discs(rows, 0, 1, 0, 1, 4, s.color, alpha)
  for _, p in ipairs(s.rows) do room:take_disc(p[1], p[2], 5) end
end

return function(given_series, given)
  local o = figure.options(where, given, { log = options.none, limits = options.none, width = 560, height = 340 })
  options.integer(where .. ": width", o.width, 100, 8000)
  options.integer(where .. ": height", o.height, 60, 8000)
  local log = o.log and options.choose(where .. ": log", o.log, logs) or { false, false }
  local series = read_series(where, given_series)
  local legend = {}
  local xlabel, ylabel = axis_names(series)
  for i, s in ipairs(series) do
    s.x, s.y = scaled(s.x, log[1]), scaled(s.y, log[2])
    s.color = colors.of(i)
    if s.name and (#series > 1 or o.ylabel) then legend[#legend + 1] = { name = s.name, color = s.color, line = not s.points } end
  end

  local scope <close> = core.scope()
  local unit_x, unit_y = log[1] and 1 or to_units(series, "x"), log[2] and 1 or to_units(series, "y")
  local box = bounds(series, o.limits, log[1], log[2], unit_x, unit_y)
  local on, panel = figure.new { box = box, unit_x = unit_x, unit_y = unit_y, width = o.width, height = o.height, title = o.title,
    legend = legend, xlabel = o.xlabel or xlabel, ylabel = o.ylabel or ylabel, log_x = log[1], log_y = log[2] }
  local room, order = labels.room(panel), {}
  for i, s in ipairs(series) do
    s.rows, s.rank = pixels(panel, s), i
    order[i] = s
  end
  table.sort(order, function(a, b)
    if a.faint ~= b.faint then return a.faint end
    -- long, noisy lines first: short and smooth ones stay visible on them
    if #a.rows ~= #b.rows then return #a.rows > #b.rows end
    return a.rank < b.rank
  end)
  for _, s in ipairs(order) do draw_series(on, s, room) end
  -- labels of series that stand out take their places first
  for _, faint in ipairs { false, true } do
    for _, s in ipairs(series) do
      if s.labels and s.faint == faint then labels.draw(on, room, s.rows, s.labels, faint and colors.muted or colors.text) end
    end
  end
  panel:frame()
  return on
end
