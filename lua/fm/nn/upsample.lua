-- upsample(scale): pictures [B, C, H, W] -> [B, C, scale H, scale W]: each number becomes a square.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"

return function(scale, ...)
  options.no_more("upsample", 1, ...)
  local settings = { scale = options.size("upsample: scale", scale) }
  return module.new({}, function(_, x) return fm.upsample_nearest2d(x, settings) end)
end
