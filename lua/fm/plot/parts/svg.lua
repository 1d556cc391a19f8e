-- The shapes of a picture as SVG text; images go in as PNG in base64.
local core <const> = require "fm.core"

local Svg <const> = {}
Svg.__index = Svg

local far <const> = 1e7 -- pixels: beyond it browsers count no more, and every line to there has left the picture long before

local function number(v)
  if v > far then v = far elseif v < -far then v = -far end
  return (("%.2f"):format(v):gsub("%.?0+$", ""))
end

local function color(attribute, value, alpha)
  local text = ('%s="#%06x"'):format(attribute, value)
  if alpha and alpha < 1 then text = text .. (' %s-opacity="%.3g"'):format(attribute, alpha) end
  return text
end

local entities <const> = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }

-- XML allows neither control characters nor invalid UTF-8.
local function escape(text)
  text = text:gsub("[&<>]", entities):gsub("%c", "?")
  return utf8.len(text) and text or (text:gsub("[\x80-\xff]", "?"))
end

function Svg:put(format, ...)
  self[#self + 1] = format:format(...)
end

local function finite(x, y)
  return x - x == 0 and y - y == 0
end

function Svg:clip(x, y, width, height)
  if self.clipped then self:put "</g>" end
  self.clips = self.clips + 1
  self.clipped = true
  self:put('<clipPath id="clip%d"><rect x="%s" y="%s" width="%s" height="%s"/></clipPath><g clip-path="url(#clip%d)">', self.clips,
    number(x), number(y), number(width), number(height), self.clips)
end

function Svg:rectangle(x, y, width, height, fill, alpha)
  self:put('<rect x="%s" y="%s" width="%s" height="%s" %s/>', number(x), number(y), number(width), number(height),
    color("fill", fill, alpha))
end

function Svg:discs(points, x, dx, y, dy, radius, fill, alpha)
  self:put('<g %s>', color("fill", fill, alpha))
  local r = number(radius)
  for _, p in ipairs(points:reshape(-1, 2):totable()) do
    local px, py = x + dx * p[1], y + dy * p[2]
    if finite(px, py) then self:put('<circle cx="%s" cy="%s" r="%s"/>', number(px), number(py), r) end
  end
  self:put "</g>"
end

function Svg:lines(points, x, dx, y, dy, width, stroke, alpha)
  self:put('<g fill="none" stroke-width="%s" stroke-linecap="round" stroke-linejoin="round" %s>', number(width), color("stroke", stroke, alpha))
  for _, line in ipairs(points:reshape(-1, points:size(-2), 2):totable()) do
    local path, command = {}, "M"
    for _, p in ipairs(line) do
      local px, py = x + dx * p[1], y + dy * p[2]
      if finite(px, py) then
        path[#path + 1] = command .. number(px) .. " " .. number(py)
        command = "L"
      else
        command = "M" -- a gap
      end
    end
    if #path > 1 then self:put('<path d="%s"/>', table.concat(path)) end
  end
  self:put "</g>"
end

function Svg:image(image, x, y, width, height)
  self:put('<image x="%s" y="%s" width="%s" height="%s" preserveAspectRatio="none" image-rendering="optimizeSpeed" '
    .. 'style="image-rendering:pixelated" href="data:image/png;base64,%s"/>',
    number(x), number(y), number(width), number(height), core.picture.base64(image))
end

local anchors <const> = { [0] = "start", [0.5] = "middle", [1] = "end" }

-- Gives a longer text the width at which the canvas of C draws it, whatever font the reader has, so
-- that the layout holds.
function Svg:text(text, x, y, size, anchor, upwards, fill, alpha)
  local fit = #text > 6 and (' textLength="%s" lengthAdjust="spacingAndGlyphs"'):format(number(core.picture.text_width(text, size))) or ""
  local turn = upwards and (' transform="rotate(-90 %s %s)"'):format(number(x), number(y)) or ""
  self:put('<text x="%s" y="%s" font-size="%s" text-anchor="%s"%s%s %s>%s</text>', number(x), number(y), number(size), anchors[anchor], fit, turn,
    color("fill", fill, alpha), escape(text))
end

function Svg:save(path)
  local text = { self.head, table.concat(self, "\n"), self.clipped and "</g>" or "", "</svg>\n" }
  return core.file.write(path, table.concat(text, "\n"))
end

function Svg.__close() end -- like the canvas; here there is nothing to free

return function(width, height, background)
  local head = ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="Helvetica, Arial, sans-serif">')
    :format(width, height, width, height)
  local svg = setmetatable({ head = head, clips = 0, clipped = false }, Svg)
  svg:rectangle(0, 0, width, height, background)
  return svg
end
