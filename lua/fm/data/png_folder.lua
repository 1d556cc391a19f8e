-- png_folder(path, {flat}) -> pictures [N, C * H * W] in -1..1, channel by channel, or [N, C, H, W]
-- with flat = false, sorted by file name, and {channels, height, width}; or nil and a message that
-- names the file that does not fit.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

local function names_in(path)
  local lfs = require "lfs"
  if lfs.attributes(path, "mode") ~= "directory" then return nil, path .. ": no such folder" end
  local names = {}
  for name in lfs.dir(path) do
    if name:lower():find "%.png$" then names[#names + 1] = name end
  end
  table.sort(names)
  if #names == 0 then return nil, path .. ": holds no .png files" end
  return names
end

return function(path, given, ...)
  options.no_more("png_folder", 2, ...)
  local o = options.read("png_folder", given, { flat = true })
  options.boolean("png_folder: flat", o.flat)
  if type(path) ~= "string" then fm.fail("png_folder: expected a path, found " .. type(path)) end
  local names, message = names_in(path)
  if not names then return nil, message end
  local pictures, size, first
  for i, name in ipairs(names) do
    local picture, problem = fm.png.load(path .. "/" .. name)
    if not picture then return nil, problem end
    local shape = picture:shape()
    local words = ("%dx%dx%d"):format(shape[2], shape[1], shape[3] or 1)
    if not pictures then
      size, first = { channels = shape[3] or 1, height = shape[1], width = shape[2] }, words
      pictures = fm.zeros(#names, picture:count())
    elseif words ~= first then
      return nil, ('%s: image %d "%s" is %s, the first is %s'):format(path, i, name, words, first)
    end
    local scope <close> = fm.scope()
    local flat = #shape == 3 and picture:permute(3, 1, 2) or picture
    pictures[i] = flat:reshape(-1) * 2 - 1
  end
  return o.flat and pictures or pictures:reshape(#names, size.channels, size.height, size.width), size
end
