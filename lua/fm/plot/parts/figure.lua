-- The frame of a plot: title, legend, a panel with axes, and the room they need. All text is
-- measured, so no texts overlap.
local colors <const> = require "fm.plot.parts.colors"
local core <const> = require "fm.core"
local legend <const> = require "fm.plot.parts.legend"
local lettering <const> = require "fm.plot.parts.lettering"
local options <const> = require "fm.parts.options"
local picture <const> = require "fm.plot.parts.picture"
local ticks <const> = require "fm.plot.parts.ticks"

local small <const>, letter <const> = lettering.small, lettering.letter
local under <const>, edge <const> = 9 + letter + lettering.below, 4 -- room of the labels below an axis; no text comes nearer to the rim than this

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
  self.on:unclip()
  if self.bare then return self end
  self.on:rectangle(x - 1, y - 1, w + 2, 1, c):rectangle(x - 1, y + h, w + 2, 1, c)
  self.on:rectangle(x - 1, y, 1, h, c):rectangle(x + w, y, 1, h, c)
  return self
end

function Panel:at(u, v)
  return self.x0 + self.dx * u, self.y0 + self.dy * v
end

--- Grid lines at all ticks; marks and labels below if `below` is set, and at the left if `beside`
--- is.
function Panel:axes(xticks, yticks, below, beside)
  local on, bottom = self.on, self.y + self.height
  for _, tick in ipairs(xticks) do
    local x = math.floor(self:at(tick.at, 0))
    on:rectangle(x, self.y, 1, self.height, tick.label and colors.grid or colors.faint_grid)
    if tick.label and below then
      on:rectangle(x, bottom, 1, 5, colors.frame)
      on:text(tick.label, x, bottom + 9 + letter, small, 0.5, false, colors.text)
    end
  end
  for _, tick in ipairs(yticks) do
    local _, y = self:at(0, tick.at)
    y = math.floor(y)
    on:rectangle(self.x, y, self.width, 1, tick.label and colors.grid or colors.faint_grid)
    if tick.label and beside then
      on:rectangle(self.x - 5, y, 5, 1, colors.frame)
      on:text(tick.label, self.x - 9, y + letter // 2, small, 1, false, colors.text)
    end
  end
end

-- ---- the room around it ----

local figure <const> = { panel = panel, under = under, edge = edge }

--- Options of a plot: those of every plot (title, xlabel, ylabel) and its own, the texts checked.
function figure.options(where, given, own)
  for _, name in ipairs { "title", "xlabel", "ylabel" } do
    if own[name] == nil then own[name] = options.none end
  end
  local o = options.read(where, given, own)
  figure.check_texts(where, o, "title", "xlabel", "ylabel")
  return o
end

--- Options that are texts must be texts.
function figure.check_texts(where, o, ...)
  for _, name in ipairs { ... } do
    if o[name] ~= nil and type(o[name]) ~= "string" then
      core.fail(("%s: %s: expected a string, found a %s"):format(where, name, type(o[name])))
    end
  end
end

--- The ticks of both axes of a panel. o: xticks and yticks, if they are given; or box, width,
--- height, log_x, log_y, unit_x, unit_y, same_step (one step for both); overhang: see ticks.
function figure.ticks(o, overhang)
  if o.xticks then return o.xticks, o.yticks end
  local box = o.box
  local x = { low = box[1], high = box[2], log = o.log_x, unit = o.unit_x, length = o.width, count = math.max(2, o.width // 52),
    overhang = overhang or math.huge, size_of = function(label) return lettering.width(label, small) + 10 end }
  local y = { low = box[3], high = box[4], log = o.log_y, unit = o.unit_y, length = o.height, count = math.max(2, o.height // 46),
    overhang = math.huge, size_of = function() return letter + 6 end }
  local xticks, step_x = ticks.fitting(x)
  local yticks, step_y = ticks.fitting(y)
  if not o.same_step or step_x == step_y then return xticks, yticks end
  for _, step in ipairs { math.max(step_x, step_y), math.min(step_x, step_y) } do -- the finer one where the other leaves an axis nearly bare
    local on_x, labels_x = ticks.at_step(x, step)
    local on_y, labels_y = ticks.at_step(y, step)
    if on_x and on_y and labels_x > 2 and labels_y > 2 then return on_x, on_y end
  end
  return ticks.fitting(x, math.max(step_x, step_y)), (ticks.fitting(y, math.max(step_x, step_y)))
end

--- The width of the widest label.
function figure.widest(list)
  local width = 0
  for _, tick in ipairs(list) do width = math.max(width, tick.label and lettering.width(tick.label, small) or 0) end
  return width
end

-- How far labels below an axis reach beyond its left and right end.
local function overhangs(list, low, high, width)
  local left, right = 0, 0
  for _, tick in ipairs(list) do
    if tick.label then
      local at, half = (tick.at / 2 - low / 2) / (high / 2 - low / 2) * width, lettering.width(tick.label, small) / 2
      left, right = math.max(left, half - at), math.max(right, half - (width - at))
    end
  end
  return math.ceil(left), math.ceil(right)
end

--- A picture with one panel of width x height, its axes drawn and the panel ready to draw in; call
--- panel:frame() last. o: box {x0, x1, y0, y1} (of logarithms where log_x, log_y; divided by
--- unit_x, unit_y, see limits.unit), width, height, title, xlabel, ylabel (an empty text: none),
--- legend (see legend.lua), log_x, log_y, same_step, right (room at the right for more), xticks and
--- yticks (in place of its own), bare (true: no frame around the panel).
function figure.new(o)
  local xticks, yticks = figure.ticks(o)
  local over_left, over_right = overhangs(xticks, o.box[1], o.box[2], o.width)
  local right = math.max(20, (o.right or 0) + 12, over_right + edge)
  local foot, least = under, 60 -- the room of labels below the panel, and of a name at the left
  if #xticks == 0 then foot, least = edge, 8 end
  local beside = lettering.axis_name(o.ylabel, math.max(o.height + 2 * foot, least))
  local left = math.max(math.ceil(14 + 10 + figure.widest(yticks)) + beside.height + (beside.height > 0 and 4 or 2), over_left + edge)
  local total = left + o.width + right
  local below = lettering.axis_name(o.xlabel, o.width + 2 * math.min(left, right) - 2 * edge)
  local title = lettering.title(o.title, total - left - edge)
  local entries = legend.place(o.legend or {}, total - left - edge)
  local top = 16 + title.height + entries.height
  local height = top + o.height + foot + below.height + 11

  local on = picture.new(total, height)
  local p = panel(on, left, top, o.width, o.height, o.box)
  p.bare = o.bare
  lettering.draw_title(on, title, left)
  legend.draw(on, entries, left, 8 + title.height)
  p:axes(xticks, yticks, true, true)
  lettering.draw_below(on, below, left + o.width / 2, top + o.height + foot)
  lettering.draw_beside(on, beside, top + o.height / 2, 14 + beside.height, height)
  return on, p:inside()
end

--- Width and height of a panel in which both axes of a box have the same scale and the longer side
--- is `size`. A box that is much longer than wide is made wider first.
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
