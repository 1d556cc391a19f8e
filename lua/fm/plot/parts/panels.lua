-- Panels in rows, all showing the same part of the plane at one scale, as in filmstrip and
-- densities. What they share (title, legend, names of the axes) appears once; ticks stand only at
-- the outer sides.
local colors <const> = require "fm.plot.parts.colors"
local figure <const> = require "fm.plot.parts.figure"
local legend <const> = require "fm.plot.parts.legend"
local lettering <const> = require "fm.plot.parts.lettering"
local picture <const> = require "fm.plot.parts.picture"

local margin <const>, caption <const>, small <const> = 16, 22, lettering.small

-- The room that the parts around the panels take.
local function layout(o, yticks)
  local room = { rows = math.ceil(o.count / o.columns), caption = o.captions and caption or 0 }
  local steps = 0
  for column = 2, o.columns do steps = steps + o.gap + (o.more and o.more[column - 1] or 0) end
  local wide, high = o.columns * o.width + steps, room.rows * (o.height + room.caption + o.gap) - o.gap
  room.beside = lettering.axis_name(o.ylabel, high)
  room.left = math.max(margin, math.ceil(10 + 9 + figure.widest(yticks)) + room.beside.height + (room.beside.height > 0 and 4 or 0))
  room.total = room.left + wide + math.max(margin, (o.right or 0) + 12)
  room.below = lettering.axis_name(o.xlabel, wide)
  room.title = lettering.title(o.title, room.total - room.left - figure.edge)
  room.legend = legend.place(o.legend or {}, room.total - room.left - figure.edge)
  room.top = 12 + room.title.height + room.legend.height
  room.middle_x, room.middle_y, room.high = room.left + wide / 2, room.top + high / 2, high
  return room
end

--- A picture with `count` panels of width x height in `columns`. Returns it and the list of its
--- panels, axes drawn; draw in each after panel:inside(), and call its frame() last. o: box {x0,
--- x1, y0, y1}, count, columns, width, height, gap, captions (a text above each), title, legend,
--- xlabel, ylabel, apart (true: each axis has a scale of its own), more (pixels after a column, by
--- its number), right (pixels after the last).
return function(o)
  local xticks, yticks = figure.ticks({ box = o.box, width = o.width, height = o.height, same_step = not o.apart }, o.gap / 2 - 4)
  local room = layout(o, yticks)
  local bottom = room.top + room.high
  local on = picture.new(room.total, bottom + figure.under + room.below.height + 10)
  lettering.draw_title(on, room.title, room.left)
  legend.draw(on, room.legend, room.left, 4 + room.title.height)
  lettering.draw_below(on, room.below, room.middle_x, bottom + figure.under)
  lettering.draw_beside(on, room.beside, room.middle_y, 10 + room.beside.height, on.height)
  local panels, left = {}, room.left
  for i = 1, o.count do
    local column, row = (i - 1) % o.columns + 1, (i - 1) // o.columns
    if column == 1 then left = room.left end
    local top = room.top + room.caption + row * (o.height + room.caption + o.gap)
    if o.captions then
      local text = lettering.cut(o.captions[i], small, o.width + o.gap - 8)
      on:unclip():text(text, left + o.width / 2, top - 8, small, 0.5, false, colors.text)
    end
    panels[i] = figure.panel(on, left, top, o.width, o.height, o.box)
    panels[i]:axes(xticks, yticks, i + o.columns > o.count, column == 1)
    left = left + o.width + o.gap + (o.more and o.more[column] or 0)
  end
  return on, panels
end
