-- attending_levels(attention, size, levels): at which levels a U-Net attends, as a list of true and
-- false. Level 1 has the height of the picture, each next one half of it. `attention` lists
-- heights; `size` is the height of the pictures, or nil: then the smallest height listed is that of
-- the last level.
local fm <const> = require "fm"
local no_holes <const> = require "fm.parts.no_holes"
local options <const> = require "fm.parts.options"

local function check(attention, size, levels)
  local halvings <const> = 1 << (levels - 1)
  if size ~= nil and options.size("unet: size", size) % halvings ~= 0 then
    fm.fail(("unet: size: expected a multiple of %d, which halves %d times, found %d"):format(halvings, levels - 1, size))
  end
  if attention == nil then return end
  if type(attention) ~= "table" then fm.fail("unet: attention: expected a list of heights, found " .. options.shown(attention)) end
  no_holes("unet: attention", attention)
end

local function heights_of(attention, size, levels)
  size = size or math.min(table.unpack(attention)) << (levels - 1)
  local heights = {}
  for level = 1, levels do heights[level] = size >> (level - 1) end
  return heights
end

return function(attention, size, levels)
  check(attention, size, levels)
  local attends, named = {}, {}
  for level = 1, levels do attends[level] = false end
  for i, height in ipairs(attention or { 8 }) do named[i] = options.size("unet: attention", height) end
  if #named == 0 then return attends end
  local heights = heights_of(named, size, levels)
  for _, height in ipairs(named) do
    local found = false
    for level = 1, levels do
      if heights[level] == height then attends[level], found = true, true end
    end
    if attention and not found then
      fm.fail(("unet: attention: no level has the height %d: they have %s%s"):format(height, table.concat(heights, ", "),
        size and "" or " (or say size, the height of the pictures)"))
    end
  end
  return attends
end
