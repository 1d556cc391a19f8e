-- The colors of plots.
local core <const> = require "fm.core"

local colors <const> = {
  background = 0xFFFFFF, grid = 0xE9EBEF, frame = 0xC4C9D2, text = 0x4B5160, title = 0x1F2430, muted = 0x8A91A0,
  reference = 0xB4BAC6, sample = 0x2360C4, accent = 0xD9602B,
  -- For series, in this order: apart in hue and in lightness, so that they differ in gray and for most color-blind readers too.
  series = { 0x2360C4, 0xD9602B, 0x2A9D72, 0xB23A8A, 0xE0A416, 0x5AA9DE, 0x7A5230, 0x5B5F97 },
}

-- OKLab to sRGB, B. Ottosson 2020.
local function srgb(lightness, a, b)
  local l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ^ 3
  local m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ^ 3
  local s = (lightness - 0.0894841775 * a - 1.2914855480 * b) ^ 3
  local rgb = {
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
  }
  for i, v in ipairs(rgb) do
    v = math.min(math.max(v, 0), 1)
    rgb[i] = v <= 0.0031308 and 12.92 * v or 1.055 * v ^ (1 / 2.4) - 0.055
  end
  return rgb
end

local ramp -- made on first use

--- The scale of heat maps [n, 3], from the background's white down to a dark violet: lightness falls in equal steps (so equal differences look
--- equal), hue turns from yellow over green and blue, and the color is strongest in the middle.
function colors.ramp()
  if ramp then return ramp end
  local rows, n = {}, 64
  for i = 0, n - 1 do
    local s = i / (n - 1)
    local hue = math.rad(105 + 185 * s)
    local chroma = 0.135 * math.sin(math.pi * math.min(1, 0.02 + s * 0.8)) ^ 0.8
    rows[i + 1] = srgb(0.99 - 0.70 * s, chroma * math.cos(hue), chroma * math.sin(hue))
  end
  ramp = core.tensor(rows):detach()
  return ramp
end

return colors
