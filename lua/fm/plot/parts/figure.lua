-- The frame of a plot: title, legend, a panel with axes, and the room they need. All text is measured, so none overlaps another.
local core <const> = require "fm.core"
local colors <const> = require "fm.plot.parts.colors"
local picture <const> = require "fm.plot.parts.picture"
local ticks <const> = require "fm.plot.parts.ticks"

local small <const>, large <const> = 12.5, 15 -- sizes of text
local letter <const> = 9                      -- height of small capitals

-- ---- a panel: the part of the plane x0..x1, y0..y1 in a rectangle of a picture ----

local Panel <const> = {}
Panel.__index = Panel

local function panel(on, x, y, width, height, box)
  local self = setmetatable({ on = on, x = x, y = y, width = width, height = height, box = box }, Panel)
  self.dx, self.dy = width / (box[2] - box[1]), -height / (box[4] - box[3])
  self.x0, self.y0 = x - box[1] * self.dx, y + height - box[3] * self.dy
  return self
end

function Panel:inside() -- shapes from here on show only within the panel
  self.on:clip(self.x, self.y, self.width, self.height)
  return self
end

function Panel:discs(points, radius, color, alpha)
  self.on:discs(points, self.x0, self.dx, self.y0, self.dy, radius, color, alpha)
  return self
end

function Panel:lines(points, width, color, alpha)
  self.on:lines(points, self.x0, self.dx, self.y0, self.dy, width, color, alpha)
  return self
end

function Panel:frame()
  local x, y, w, h, c = self.x, self.y, self.width, self.height, colors.frame
  self.on:unclip():rectangle(x - 1, y - 1, w + 2, 1, c):rectangle(x - 1, y + h, w + 2, 1, c)
  self.on:rectangle(x - 1, y, 1, h, c):rectangle(x + w, y, 1, h, c)
  return self
end

function Panel:at(u, v)
  return self.x0 + self.dx * u, self.y0 + self.dy * v
end

function Panel:axes(xticks, yticks)
  local on, bottom = self.on, self.y + self.height
  for _, tick in ipairs(xticks) do
    local x = math.floor(self:at(tick.at, 0))
    on:rectangle(x, self.y, 1, self.height, tick.label and colors.grid or colors.faint_grid)
    if tick.label then
      on:rectangle(x, bottom, 1, 5, colors.frame)
      on:text(tick.label, x, bottom + 9 + letter, small, 0.5, false, colors.text)
    end
  end
  for _, tick in ipairs(yticks) do
    local _, y = self:at(0, tick.at)
    y = math.floor(y)
    on:rectangle(self.x, y, self.width, 1, tick.label and colors.grid or colors.faint_grid)
    if tick.label then
      on:rectangle(self.x - 5, y, 5, 1, colors.frame)
      on:text(tick.label, self.x - 9, y + letter // 2, small, 1, false, colors.text)
    end
  end
end

-- ---- the room around it ----

local function widest(list)
  local width = 0
  for _, tick in ipairs(list) do width = math.max(width, tick.label and picture.text_width(tick.label, small) or 0) end
  return width
end

local function axis_ticks(low, high, log, count, step, unit)
  if log then return ticks.logarithmic(low, high, count) end
  return ticks.linear(low, high, step or ticks.step(low, high, count), unit)
end

-- Legend entries {name, color, line = true | nil; no color: a remark} in rows no wider than the panel: places {entry, x, row}, number of rows.
local function place_legend(entries, width)
  local places, x, row = {}, 0, 1
  for _, entry in ipairs(entries) do
    local swatch = entry.color and (entry.line and 24 or 16) or 0
    local wide = swatch + picture.text_width(entry.name, small)
    if x > 0 and x + wide > width then x, row = 0, row + 1 end
    places[#places + 1] = { entry = entry, x = x, row = row, swatch = swatch, right = x + wide }
    x = x + wide + 20
  end
  return places, #entries > 0 and row or 0
end

local function draw_legend(on, places, left, top)
  for _, place in ipairs(places) do
    local entry, x, y = place.entry, left + place.x, top + place.row * 20 - 6 -- y: the baseline
    if entry.color and entry.line then
      on:rectangle(x, y - 5.5, 18, 2, entry.color)
    elseif entry.color then
      on:discs(core.tensor { { x + 5, y - 4 } }, 0, 1, 0, 1, 4, entry.color)
    end
    on:text(entry.name, x + place.swatch, y, small, 0, false, entry.color and colors.text or colors.muted)
  end
end

local figure <const> = {}

figure.small, figure.letter, figure.panel = small, letter, panel

--- Options that are texts must be texts.
function figure.check_texts(where, o, ...)
  for _, name in ipairs { ... } do
    if o[name] ~= nil and type(o[name]) ~= "string" then
      core.fail(("%s: %s: expected a string, found a %s"):format(where, name, type(o[name])))
    end
  end
end

--- A legend entry that says how much is not shown.
function figure.remark(count, what)
  return { name = ("%d %s%s outside"):format(count, what, count == 1 and "" or "s") }
end

--- Draws a title over the width of a picture and returns the height it takes; on = nil only measures (height, width).
function figure.title(text, on, left)
  if not text then return 0, 0 end
  if on then on:text(text, left, 14 + 11, large, 0, false, colors.title) end
  return 26, picture.text_width(text, large)
end

--- A picture with one panel of width x height, its axes drawn and the panel ready to draw in; call panel:frame() last.
--- o: box {x0, x1, y0, y1} (of logarithms where log_x, log_y; divided by unit_x, unit_y, see limits.unit), width, height, title, legend,
--- xlabel, ylabel, log_x, log_y, same_step, right and head (room at the right and above).
function figure.new(o)
  local box = o.box
  local count_x, count_y = math.max(2, o.width // 52), math.max(2, o.height // 46)
  local step = o.same_step and math.max(ticks.step(box[1], box[2], count_x), ticks.step(box[3], box[4], count_y)) or nil
  local xticks = axis_ticks(box[1], box[2], o.log_x, count_x, step, o.unit_x)
  local yticks = axis_ticks(box[3], box[4], o.log_y, count_y, step, o.unit_y)

  local title_height, title_width = figure.title(o.title)
  local places, rows = place_legend(o.legend or {}, o.width)
  local head = rows > 0 and rows * 20 + 6 or 0
  local top = 16 + title_height + math.max(head, o.head or 0)
  local left = math.ceil(16 + 10 + widest(yticks) + (o.ylabel and 22 or 0))
  local right = math.max(20, (o.right or 0) + 12, widest(xticks) // 2 + 8)
  local total = left + o.width + right
  for _, place in ipairs(places) do total = math.max(total, left + place.right + 16) end
  local bottom = 9 + letter + 14 + (o.xlabel and 22 or 0)

  local on = picture.new(math.max(total, left + title_width + 16), top + o.height + bottom)
  local p = panel(on, left, top, o.width, o.height, box)
  figure.title(o.title, on, left)
  draw_legend(on, places, left, 8 + title_height)
  p:axes(xticks, yticks)
  if o.xlabel then on:text(o.xlabel, left + o.width / 2, top + o.height + bottom - 13, small, 0.5, false, colors.text) end
  if o.ylabel then on:text(o.ylabel, 14 + letter, top + o.height / 2, small, 0.5, true, colors.text) end
  p:inside()
  return on, p
end

--- Width and height of a panel in which both axes of a box have the same scale, the longer side being `size`; a box much longer than wide is
--- made wider first.
function figure.equal(box, size)
  local w, h = box[2] - box[1], box[4] - box[3]
  local least = 0.4 * math.max(w, h)
  local grow_x, grow_y = math.max(0, least - w) / 2, math.max(0, least - h) / 2
  box = { box[1] - grow_x, box[2] + grow_x, box[3] - grow_y, box[4] + grow_y }
  w, h = box[2] - box[1], box[4] - box[3]
  local scale = size / math.max(w, h)
  return math.floor(w * scale + 0.5), math.floor(h * scale + 0.5), box
end

return figure
