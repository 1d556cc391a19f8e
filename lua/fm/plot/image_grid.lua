-- image_grid(x, {labels, channels, height, width, columns, range, scale, title, xlabel, ylabel}):
-- images side by side. x is [N, D] with D = channels * height * width (planes one after the other,
-- as in CIFAR-10), or [N, C, H, W].
--   labels: a text or number below each image, a list or a tensor [N], in up to two lines as wide
--   as the image; an empty text shows nothing
--   height, width: a square when not given; columns: near the square root of N; range = {0, 1}:
--   what is black and what is white; scale: pixels per pixel
local core <const> = require "fm.core"
local colors <const> = require "fm.plot.parts.colors"
local figure <const> = require "fm.plot.parts.figure"
local labels <const> = require "fm.plot.parts.labels"
local lettering <const> = require "fm.plot.parts.lettering"
local options <const> = require "fm.parts.options"
local picture <const> = require "fm.plot.parts.picture"
local points <const> = require "fm.plot.parts.points"

local where <const> = "plot.image_grid"
local margin <const>, gap <const> = 12, 2 -- the gap between images, in pixels of them
local font <const>, line <const> = 11.5, 15 -- of labels

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

-- One image [rows (H + gap) - gap, columns (W + gap) - gap, C] from all images, with white between
-- them.
local function assemble(x, channels, height, width, columns)
  local n = x:size(1)
  local rows = math.ceil(n / columns)
  if rows * columns > n then x = core.cat(x, core.ones(rows * columns - n, channels, height, width), 1) end
  x = core.cat(x, core.ones(rows * columns, channels, height, gap), 4)
  x = core.cat(x, core.ones(rows * columns, channels, gap, width + gap), 3)
  local tall, wide = height + gap, width + gap
  x = x:permute(1, 3, 4, 2):reshape(rows, columns, tall, wide * channels):permute(1, 3, 2, 4)
  x = x:reshape(rows * tall, columns * wide, channels)
  return x:slice { axis = 1, first = 1, last = rows * tall - gap }:slice { axis = 2, first = 1, last = columns * wide - gap }
end

-- Labels as texts, and how wide the widest is.
local function read_labels(given, n)
  if given == nil then return nil, 0 end
  local texts, widest = labels.check(where .. ": labels", given, math.huge), 0
  if #texts ~= n then core.fail(("%s: labels: expected %d, one for each image, found %d"):format(where, n, #texts)) end
  for _, text in ipairs(texts) do widest = math.max(widest, lettering.width(text:sub(1, 100), font)) end
  return texts, widest
end

-- The lines of each label in this width, and where each row begins and the last ends, from 0 on.
local function place_rows(texts, columns, width, height)
  local lines, tops, most = {}, { 0 }, 0
  for i, text in ipairs(texts) do
    lines[i] = lettering.lines(text, font, width, 2)
    most = math.max(most, #lines[i])
    if i % columns == 0 or i == #texts then
      tops[#tops + 1] = tops[#tops] + height + (most > 0 and most * line or 0) + 8
      most = 0
    end
  end
  return lines, tops
end

-- Rows of images apart from each other, each with its labels below.
local function draw_rows(on, image, left, top, scale, columns, lines, tops)
  local each = (image:size(1) + gap) // (#tops - 1)
  local width = ((image:size(2) + gap) // columns - gap) * scale
  for row = 1, #tops - 1 do
    local part = image:slice { axis = 1, first = (row - 1) * each + 1, last = row * each - gap }
    on:image(part, left, top + tops[row], image:size(2) * scale, part:size(1) * scale)
    for column = 1, columns do
      local middle = left + (column - 1) * (width + gap * scale) + width / 2
      for i, text in ipairs(lines[(row - 1) * columns + column] or {}) do
        on:text(text, middle, top + tops[row] + part:size(1) * scale + i * line - 1, font, 0.5, false, colors.text)
      end
    end
  end
end

-- As large as a poster of 640 pixels allows, up to 6; wide labels may make it larger.
local function default_scale(width, columns_wide, widest)
  local scale = math.max(1, math.min(6, 640 // columns_wide))
  local wanted = math.min(6, math.ceil(math.min(widest, 80) / width), 900 // columns_wide)
  return math.max(scale, wanted)
end

return function(x, given)
  local o = figure.options(where, given, { labels = options.none, channels = options.none, height = options.none, width = options.none,
    columns = options.none, range = { 0, 1 }, scale = options.none })
  for _, name in ipairs { "channels", "height", "width", "columns", "scale" } do
    if o[name] then o[name] = options.integer(where .. ": " .. name, o[name], 1, 16384) end
  end
  local scope <close> = core.scope()
  x = points.tensor(where, x, "images [N, D] or [N, C, H, W]")
  local channels, height, width = sizes(x, o)
  local black, white = check_range(o.range)
  local n = x:size(1)
  local texts, widest = read_labels(o.labels, n)
  local columns = math.min(o.columns or math.ceil(math.sqrt(n)), n)
  local image = assemble(((x - black) / (white - black)):reshape(n, channels, height, width), channels, height, width, columns)

  local scale = o.scale or default_scale(width, image:size(2), widest)
  local lines, tops
  if texts then lines, tops = place_rows(texts, columns, width * scale, height * scale) end
  local wide, high = image:size(2) * scale, texts and tops[#tops] - 8 or image:size(1) * scale
  local ylabel = lettering.axis_name(o.ylabel, high)
  local left, room = margin + ylabel.height, math.max(wide, 90)
  local title, xlabel = lettering.title(o.title, room), lettering.axis_name(o.xlabel, room)
  local top = margin + title.height
  local on = picture.new(left + math.max(wide, title.width, #xlabel.lines > 0 and room or 0) + margin, top + high + xlabel.height + margin)
  lettering.draw_title(on, title, left)
  lettering.draw_below(on, xlabel, on.width / 2 + ylabel.height / 2, top + high)
  lettering.draw_beside(on, ylabel, top + high / 2, left - 2, on.height)
  if not texts then return on:image(image, left, top, wide, high) end
  draw_rows(on, image, left, top, scale, columns, lines, tops)
  return on
end
