-- A picture is a list of shapes; two back ends with the same methods draw them: the canvas of C
-- (.png) and svg.lua (.svg).
--   clip(x, y, width, height)                                     what follows shows only within
--   rectangle(x, y, width, height, color, alpha)
--   discs(points [n, 2], x, dx, y, dy, radius, color, alpha)      around (x + dx u, y + dy v)
--   lines(points [n, m, 2], x, dx, y, dy, width, color, alpha)    n lines through m points each
--   image([H, W] or [H, W, 1..4], x, y, width, height)            nearest pixel
--   text(text, x, y, size, anchor, upwards, color, alpha)         anchor: the part of it before x;
--                                                                 y is the baseline
-- Lengths are pixels from the top left corner, colors 0xRRGGBB.
local core <const> = require "fm.core"
local attempt <const> = require "fm.parts.attempt"
local colors <const> = require "fm.plot.parts.colors"
local misspelt <const> = require "fm.parts.misspelt"
local plain_numbers <const> = require "fm.parts.plain_numbers"

local Picture <const> = { __name = "picture" }
Picture.__index = Picture

for _, shape in ipairs { "clip", "rectangle", "discs", "lines", "image", "text" } do
  Picture[shape] = function(self, first, ...)
    -- a copy: the tensor may change before save
    if core.is_tensor(first) then first = first:clone():detach() end
    self[#self + 1] = table.pack(shape, first, ...)
    return self
  end
end

function Picture:unclip()
  return self:clip(0, 0, self.width, self.height)
end

local backs <const> = {
  png = function(width, height, color)
    local ok, canvas = attempt(core.picture.canvas, width, height, color)
    return ok and canvas or core.fail("picture:save: " .. tostring(canvas):gsub("^%S-:%d+: ", ""))
  end,
  svg = function(width, height, color) return require "fm.plot.parts.svg"(width, height, color) end,
}

--- Draws all shapes and replaces the file in one step. True, or nil and a message.
function Picture:save(path)
  local ending = type(path) == "string" and path:match "%.(%w+)$"
  local make = ending and backs[ending:lower()]
  if not make then core.fail(("picture:save: expected a path that ends in .png or .svg, found %s"):format(tostring(path))) end
  local plain <close> = plain_numbers()
  local back <close> = make(self.width, self.height, colors.background)
  for _, shape in ipairs(self) do back[shape[1]](back, table.unpack(shape, 2, shape.n)) end
  return back:save(path)
end

setmetatable(Picture, misspelt("a picture", { "save", "width", "height", "clip", "unclip", "rectangle", "discs", "lines", "image", "text" }, 3))

local picture <const> = {}

function picture.new(width, height)
  return setmetatable({ width = math.ceil(width), height = math.ceil(height) }, Picture)
end

return picture
