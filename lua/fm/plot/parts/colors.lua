-- The colors of plots.
local core <const> = require "fm.core"

local colors <const> = {
  background = 0xFFFFFF, grid = 0xE9EBEF, faint_grid = 0xF4F5F7, frame = 0xC4C9D2, text = 0x4B5160, title = 0x1F2430, muted = 0x8A91A0,
  reference = 0xB4BAC6, sample = 0x2360C4, accent = 0xD9602B,
  -- For series, in this order: apart in hue and in lightness, so that they differ in gray and for
  -- most color-blind readers too.
  series = { 0x2360C4, 0xD9602B, 0x2A9D72, 0xB23A8A, 0xE0A416, 0x5AA9DE, 0x7A5230, 0x5B5F97 },
}

--- The color of a series by its number: after the last color they repeat, first darker, then
--- lighter.
function colors.of(number)
  local count = #colors.series
  local color, round = colors.series[(number - 1) % count + 1], (number - 1) // count % 3
  if round == 0 then return color end
  local result = 0
  for shift = 16, 0, -8 do
    local part = color >> shift & 0xFF
    part = round == 1 and part * 3 // 5 or 255 - (255 - part) // 2
    result = result | part << shift
  end
  return result
end

-- OKLab to linear sRGB, B. Ottosson 2020; and whether a screen can show the color.
local function linear(lightness, chroma, hue)
  local a, b = chroma * math.cos(hue), chroma * math.sin(hue)
  local l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ^ 3
  local m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ^ 3
  local s = (lightness - 0.0894841775 * a - 1.2914855480 * b) ^ 3
  local rgb = {
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
  }
  return rgb, math.min(rgb[1], rgb[2], rgb[3]) >= 0 and math.max(rgb[1], rgb[2], rgb[3]) <= 1
end

-- The largest part of the chroma that sRGB has at this lightness and hue: cutting the channels
-- instead would distort the scale of lightness.
local function srgb(lightness, chroma, hue)
  local rgb, fits = linear(lightness, chroma, hue)
  while not fits do
    chroma = chroma * 0.97
    rgb, fits = linear(lightness, chroma, hue)
  end
  for i, v in ipairs(rgb) do rgb[i] = v <= 0.0031308 and 12.92 * v or 1.055 * v ^ (1 / 2.4) - 0.055 end
  return rgb
end

-- Rows of colors by the place in 0..1, made on first use as Lua numbers: a tensor that is kept
-- would count as live bytes for ever.
local function scale(steps, color_at)
  local rows
  return function()
    if not rows then
      rows = {}
      for i = 0, steps do rows[i + 1] = color_at(i / steps) end
    end
    return core.tensor(rows)
  end
end

--- The scale of heat maps [n, 3], from the background's white down to a dark violet: lightness
--- falls in equal steps (so equal differences look equal), hue turns from yellow over green and
--- blue, and the color is strongest in the middle.
colors.ramp = scale(63, function(s)
  return srgb(0.99 - 0.7 * s, 0.012 + 0.1 * math.sin(0.88 * math.pi * s ^ 0.8) ^ 0.7, math.rad(110 + 185 * s))
end)

--- The scale of differences [n, 3]: blue below zero, white at zero in the middle, red above; equal
--- distances from zero are equally dark on both sides.
colors.diverging = scale(64, function(s)
  local far = math.abs(2 * s - 1)
  return srgb(0.995 - 0.56 * far, 0.17 * math.sin(0.5 * math.pi * far) ^ 0.9, math.rad(s < 0.5 and 258 or 28))
end)

return colors
