-- quiver(field, {limits, t, arrows, points, title, xlabel, ylabel, size}): a velocity field as
-- arrows. `field` is called field(x [n, 2], t) at a grid over limits = {x0, x1, y0, y1};
-- quiver(x [n, 2], u [n, 2], options) draws given velocities at given points.
--   t = 0: the time of the field, which the title names when none is given; arrows: along the
--   longer side; points [n, 2]: in gray under the arrows. The longest arrow is as long as a cell of
--   the grid; the others are to scale, but never shorter than a tenth of it.
local cells <const> = require "fm.plot.parts.cells"
local core <const> = require "fm.core"
local colors <const> = require "fm.plot.parts.colors"
local fields <const> = require "fm.parts.field"
local figure <const> = require "fm.plot.parts.figure"
local limits <const> = require "fm.plot.parts.limits"
local options <const> = require "fm.parts.options"
local plain_numbers <const> = require "fm.parts.plain_numbers"
local points <const> = require "fm.plot.parts.points"

local where <const> = "plot.quiver"

local function grid(box, arrows)
  local x, dx, dy = cells.middles(box, cells.count(box, arrows))
  return x, math.min(dx, dy)
end

-- Each arrow is one line: tail, tip, one barb, tip, the other barb.
local function arrow_lines(x, u, length)
  local n = x:size(1)
  local speed = u:square():sum { axis = 2, keep = true }:sqrt()
  local extent = core.picture.extent(core.cat(speed, speed, 2))
  local largest = extent and extent.high[1] or 0
  if largest == 0 then largest = 1 end
  local shown = speed / largest
  local direction = u / speed:maximum(largest * 1e-6)
  local v = direction * shown:maximum(0.1) * length
  local across = core.cat(v:slice { axis = 2, first = 2, last = 2 } * -1, v:slice { axis = 2, first = 1, last = 1 }, 2)
  local tail, tip = x - v / 2, x + v / 2
  local back = tip - v * 0.36
  local rows = {}
  for i, part in ipairs { tail, tip, back + across * 0.2, tip, back - across * 0.2 } do rows[i] = part:reshape(n, 1, 2) end
  return core.cat(rows, 2)
end

local function check_velocities(u, x)
  if not core.is_tensor(u) or u:rank() ~= 2 or u:size(1) ~= x:size(1) or u:size(2) ~= 2 then
    core.fail(("%s: the field must return velocities %s, found %s"):format(where, points.shape_text(x),
      core.is_tensor(u) and points.shape_text(u) or type(u)))
  end
  return u
end

local function time_title(t)
  local plain <close> = plain_numbers()
  return ("velocity at t = %.4g"):format(t)
end

return function(field, second, third)
  local given_points = core.is_tensor(field)
  if not given_points and not options.callable(field) then
    core.fail(("%s: expected a field(x, t) or points [n, 2], found a %s"):format(where, type(field)))
  end
  local given = second
  if given_points then given = third end
  local o = figure.options(where, given, { limits = options.none, t = 0, arrows = 20, points = options.none, xlabel = "x1", ylabel = "x2", size = 480 })
  options.integer(where .. ": size", o.size, 100, 8000)
  options.integer(where .. ": arrows", o.arrows, 1, 400)
  options.number(where .. ": t", o.t, -math.huge, math.huge)
  local scope <close> = core.scope()
  local under = o.points and points.check(where .. ": points", o.points)
  if o.limits then o.limits = limits.check(where, o.limits) end

  local x, u, length, box
  if given_points then
    x = points.check(where, field)
    u = check_velocities(second, x)
    box = o.limits or limits.around { x, under }
    length = math.max(box[2] - box[1], box[4] - box[3]) / o.arrows * 1.5
  else
    if not o.limits and not under then core.fail(where .. ": a field needs limits = {x0, x1, y0, y1}") end
    box = o.limits or limits.around { under }
  end
  local width, height, shown = figure.equal(box, o.size)
  if not given_points then
    x, length = grid(shown, o.arrows)
    u = check_velocities(fields.of(field)(x, o.t), x)
  end
  local on, panel = figure.new { box = shown, width = width, height = height, title = o.title or not given_points and time_title(o.t) or nil,
    xlabel = o.xlabel, ylabel = o.ylabel, same_step = true }
  if under then
    local radius, alpha = points.look(#under, o.size)
    panel:discs(under, radius, colors.reference, alpha)
  end
  panel:lines(arrow_lines(x, u, length), 1.3, colors.sample, 0.9):frame()
  return on
end
