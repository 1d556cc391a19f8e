-- filmstrip(states [T, B, 2] or a list of [B, 2], {titles, reference, title, limits, columns, size}): one small scatter per time, all on the same
-- scale. titles: one text per panel ("t = 0.00" .. "t = 1.00" when not given); reference: points in gray under each; size: a panel's longer side
local colors <const> = require "fm.plot.parts.colors"
local core <const> = require "fm.core"
local figure <const> = require "fm.plot.parts.figure"
local limits <const> = require "fm.plot.parts.limits"
local options <const> = require "fm.parts.options"
local plain_numbers <const> = require "fm.parts.plain_numbers"
local picture <const> = require "fm.plot.parts.picture"
local points <const> = require "fm.plot.parts.points"

local where <const> = "plot.filmstrip"
local gap <const>, margin <const>, caption <const> = 12, 16, 20

local function captions(given, count)
  if given then
    if type(given) ~= "table" or #given ~= count then
      core.fail(("%s: expected %d titles, found %s"):format(where, count, type(given) == "table" and #given or type(given)))
    end
    return given
  end
  local plain <close> = plain_numbers()
  local texts = {}
  for i = 1, count do texts[i] = ("t = %.2f"):format(count > 1 and (i - 1) / (count - 1) or 1) end
  return texts
end

return function(states, given)
  local o = options.read(where, given, { titles = options.none, reference = options.none, title = options.none, limits = options.none,
    columns = 6, size = 170 })
  figure.check_texts(where, o, "title")
  options.integer(where .. ": size", o.size, 40, 4000)
  options.integer(where .. ": columns", o.columns, 1, 1000)
  local times = points.over_time(where, states)
  local truth = o.reference and points.check(where .. ": reference", o.reference)
  local texts = captions(o.titles, #times)
  local clouds = { truth }
  for _, x in ipairs(times) do clouds[#clouds + 1] = x end
  local width, height, box = figure.equal(o.limits and limits.check(where, o.limits) or limits.around(clouds), o.size)

  local columns = math.min(o.columns, #times)
  local rows = math.ceil(#times / columns)
  local title_height, title_width = figure.title(o.title)
  local step_x, step_y, top = width + gap, height + gap + caption, margin - 6 + title_height
  local on = picture.new(math.max(2 * margin + columns * step_x - gap, 2 * margin + title_width), top + rows * step_y - gap + margin)
  figure.title(o.title, on, margin)
  for i, x in ipairs(times) do
    local left, up = margin + (i - 1) % columns * step_x, top + (i - 1) // columns * step_y
    on:unclip():text(tostring(texts[i]), left + width / 2, up + 14, figure.small, 0.5, false, colors.text)
    local panel = figure.panel(on, left, up + caption, width, height, box):inside()
    if truth then
      local radius, alpha = points.look(#truth, 2.2 * o.size)
      panel:discs(truth, radius * 0.75, colors.reference, alpha)
    end
    local radius, alpha = points.look(#x, 2.2 * o.size)
    panel:discs(x, radius * 0.7, colors.sample, alpha * 0.7):frame()
  end
  return on
end
