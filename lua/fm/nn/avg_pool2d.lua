-- avg_pool2d(size): pictures [B, C, H, W] -> [B, C, H // size, W // size], the means of squares.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"

return function(size, ...)
  options.no_more("avg_pool2d", 1, ...)
  local settings = { size = options.size("avg_pool2d: size", size) }
  return module.new({}, function(_, x) return fm.avg_pool2d(x, settings) end)
end
