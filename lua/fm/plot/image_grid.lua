-- image_grid(x, {channels, height, width, columns, range, scale, title}): images side by side. x is [N, D] with D = channels * height * width (planes
-- one after the other, as in CIFAR-10), or [N, C, H, W].
--   height, width: a square when not given; columns: near the square root of N; range = {0, 1}: what is black and what is white; scale: pixels per pixel
local core <const> = require "fm.core"
local colors <const> = require "fm.plot.parts.colors"
local figure <const> = require "fm.plot.parts.figure"
local options <const> = require "fm.parts.options"
local picture <const> = require "fm.plot.parts.picture"
local points <const> = require "fm.plot.parts.points"

local where <const> = "plot.image_grid"
local margin <const> = 12

-- The sizes C, H, W that the shape and the options agree on.
local function sizes(x, o)
  local channels, height, width = o.channels, o.height, o.width
  if x:rank() == 4 then
    local shape = x:shape()
    for i, name in ipairs { "channels", "height", "width" } do
      if o[name] and o[name] ~= shape[i + 1] then
        core.fail(("%s: %s is %d, but the images are %s"):format(where, name, o[name], points.shape_text(x)))
      end
    end
    channels, height, width = shape[2], shape[3], shape[4]
  else
    if x:rank() ~= 2 then core.fail(("%s: expected images [N, D] or [N, C, H, W], found %s"):format(where, points.shape_text(x))) end
    channels = channels or 1
    local area = x:size(2) // channels
    height = height or (width and area // width) or math.tointeger(math.floor(area ^ 0.5 + 0.5))
    width = width or area // math.max(height, 1)
    if channels * height * width ~= x:size(2) then
      core.fail(("%s: %d channels of %dx%d are %d numbers, but a row has %d; give channels, height and width"):format(where, channels, height,
        width, channels * height * width, x:size(2)))
    end
  end
  if x:count() == 0 then core.fail(("%s: there is nothing in %s"):format(where, points.shape_text(x))) end
  if channels ~= 1 and channels ~= 3 then core.fail(("%s: channels are 1 (gray) or 3 (color), found %d"):format(where, channels)) end
  return channels, height, width
end

local function check_range(range)
  if type(range) ~= "table" or not (math.type(range[1]) and math.type(range[2]) and range[1] < range[2]) then
    core.fail(where .. ": range is two numbers {black, white} with black < white")
  end
  return range[1], range[2]
end

-- One image [rows (H + gap) - gap, columns (W + gap) - gap, C] of all, white between.
local function assemble(x, channels, height, width, columns, gap)
  local n = x:size(1)
  local rows = math.ceil(n / columns)
  if rows * columns > n then x = core.cat(x, core.ones(rows * columns - n, channels, height, width), 1) end
  if gap > 0 then
    x = core.cat(x, core.ones(rows * columns, channels, height, gap), 4)
    x = core.cat(x, core.ones(rows * columns, channels, gap, width + gap), 3)
  end
  local tall, wide = height + gap, width + gap
  x = x:permute(1, 3, 4, 2):reshape(rows, columns, tall, wide * channels):permute(1, 3, 2, 4)
  x = x:reshape(rows * tall, columns * wide, channels)
  return x:slice { axis = 1, first = 1, last = rows * tall - gap }:slice { axis = 2, first = 1, last = columns * wide - gap }
end

return function(x, given)
  local o = options.read(where, given, { channels = options.none, height = options.none, width = options.none, columns = options.none,
    range = { 0, 1 }, scale = options.none, title = options.none })
  figure.check_texts(where, o, "title")
  for _, name in ipairs { "channels", "height", "width", "columns", "scale" } do
    if o[name] then o[name] = options.integer(where .. ": " .. name, o[name], 1, 16384) end
  end
  local scope <close> = core.scope()
  x = points.tensor(where, x, "images [N, D] or [N, C, H, W]")
  local channels, height, width = sizes(x, o)
  local black, white = check_range(o.range)
  local n = x:size(1)
  local columns = math.min(o.columns or math.ceil(math.sqrt(n)), n)
  local gap = 2
  local image = assemble(((x - black) / (white - black)):reshape(n, channels, height, width), channels, height, width, columns, gap)

  local rows_high, columns_wide = image:size(1), image:size(2)
  local scale = o.scale or math.max(1, math.min(6, 640 // columns_wide))
  local title_height, title_width = figure.title(o.title)
  local on = picture.new(math.max(2 * margin + columns_wide * scale, 2 * margin + title_width), 2 * margin + title_height + rows_high * scale)
  figure.title(o.title, on, margin)
  local top = margin + title_height
  on:rectangle(margin - 2, top - 2, columns_wide * scale + 4, rows_high * scale + 4, colors.background)
  return on:image(image, margin, top, columns_wide * scale, rows_high * scale)
end
