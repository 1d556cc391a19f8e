-- The pictures in a run's folder, as data inside the page.
local core <const> = require "fm.core"
local html <const> = require "fm.report.html"
local lfs <const> = require "lfs"
local padded <const> = require "fm.records.padded"
local records <const> = require "fm.records.runs"
local words <const> = require "fm.records.words"

local pictures <const> = {}

local types <const> = { png = "image/png", svg = "image/svg+xml" }
local most_bytes <const> = 24000000 -- of all pictures of a page: beyond it browsers grow slow

local function is_before(a, b)
  local key_a, key_b = padded(a), padded(b)
  if key_a ~= key_b then return key_a < key_b end
  return a < b
end

--- The names of pictures below a folder, in order. Links are skipped: they may lead in a circle, or
--- to files that must not be in a page.
local function names_in(folder, prefix, list)
  local names = records.names_in(folder)
  table.sort(names, is_before)
  for _, name in ipairs(names) do
    local path = folder .. "/" .. name
    local mode = lfs.symlinkattributes(path, "mode")
    if mode == "directory" then
      names_in(path, prefix .. name .. "/", list)
    elseif mode == "file" and types[(name:match "%.(%a+)$" or ""):lower()] then
      list[#list + 1] = prefix .. name
    end
  end
  return list
end

-- The size from the first chunk of a PNG, so that the page does not jump while it loads.
local function size_of(bytes)
  if bytes:sub(1, 8) ~= "\137PNG\r\n\26\n" or #bytes < 24 then return nil end
  return string.unpack(">I4I4", bytes, 17)
end

local function is_picture(name, bytes)
  return name:lower():find "%.svg$" ~= nil and bytes:find("<svg", 1, true) ~= nil or size_of(bytes) ~= nil
end

local function figure(name, bytes, caption)
  local width, height = size_of(bytes)
  local kind = types[name:match "%.(%a+)$":lower()]
  -- so small that its pixels are shown enlarged
  local small = width and width <= 128 and "small" or nil
  local long = width and width > 2.4 * height -- a filmstrip gets the whole width of the page
  local image = html.img { class = small, alt = name, width = width, height = height, src = ("data:%s;base64,%s"):format(kind, core.picture.base64(bytes)) }
  return html.figure { class = long and "picture panorama" or "picture", image, html.figcaption { caption or name:gsub("%.%w+$", "") } }
end

--- The names of the pictures of a run, in order.
function pictures.names(folder)
  return names_in(folder, "", {})
end

--- One picture of a run with a caption, and its bytes; nil when there is none, nil and its size
--- when it has more than `most` bytes.
function pictures.figure_of(folder, name, most, caption)
  local path = folder .. "/" .. name
  if lfs.symlinkattributes(path, "mode") ~= "file" then return nil end
  local bytes = core.file.read(path, math.max(0, most))
  if not bytes then return nil, lfs.attributes(path, "size") end
  if not is_picture(name, bytes) then return nil end
  return figure(name, bytes, caption), #bytes
end

--- The pictures of a run's folder as one block; nil when there are none. shown: names of those that
--- are shown elsewhere, as name -> true.
function pictures.block(folder, shown)
  local names = {}
  for _, name in ipairs(names_in(folder, "", {})) do
    if not (shown and shown[name]) then names[#names + 1] = name end
  end
  local figures, broken, bytes_so_far, left_out = {}, {}, 0, 0
  for _, name in ipairs(names) do
    local bytes, message = core.file.read(folder .. "/" .. name, most_bytes - bytes_so_far)
    if bytes and is_picture(name, bytes) then
      bytes_so_far = bytes_so_far + #bytes
      figures[#figures + 1] = figure(name, bytes)
    elseif bytes then
      broken[#broken + 1] = ("%s is no picture."):format(name)
    elseif message:find "over the limit" then
      left_out = left_out + 1
    else
      broken[#broken + 1] = message
    end
  end
  if #names == 0 then return nil end
  local said = "%s more in %s: a page has at most %s of them."
  local more = left_out > 0 and said:format(words.count(left_out, "picture"), folder, words.bytes(most_bytes))
  for i, text in ipairs(broken) do broken[i] = html.p { class = "note", text } end
  return html.join { html.div { class = "pictures", figures }, broken, more and html.p { class = "note", more } }
end

return pictures
