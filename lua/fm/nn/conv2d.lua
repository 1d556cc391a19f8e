-- conv2d(c_in, c_out, kernel, {stride, padding, bias, act, init}): pictures [B, c_in, H, W] ->
-- [B, c_out, H', W'], with H' = (H + 2 padding - kernel) // stride + 1. The weight is [c_out, c_in,
-- kernel, kernel]; for init see parts/weights.lua. act: the name of an activation, { "name",
-- option = }, or a layer.
local fm <const> = require "fm"
local fusing <const> = require "fm.nn.parts.fusing"
local options <const> = require "fm.parts.options"
local weights <const> = require "fm.nn.parts.weights"

local conv2d <const> = fm.conv2d
local takes <const> = fusing.taking(function(op) fm[op](fm.zeros(1)) end)

local function joining(settings)
  return function(self, op)
    if op == "none" then return function(x) return conv2d(x, self.weight, self.bias, settings) end end
    local act <const> = fm[op]
    return function(x) return act(conv2d(x, self.weight, self.bias, settings)) end
  end
end

local function forward(self, x)
  return self.stage(x)
end

return function(c_in, c_out, kernel, given, ...)
  options.no_more("conv2d", 4, ...)
  local o = options.read("conv2d", given, { stride = 1, padding = 0, bias = true, act = "none", init = "uniform" })
  c_in, c_out = options.size("conv2d: c_in", c_in), options.size("conv2d: c_out", c_out)
  kernel = options.size("conv2d: kernel", kernel)
  local settings = { stride = options.size("conv2d: stride", o.stride), padding = options.size("conv2d: padding", o.padding, 0) }
  local parts = weights("conv2d", o, c_in * 1.0 * kernel * kernel, c_out, c_in, kernel, kernel)
  return fusing.layer("conv2d", o.act, parts, forward, takes, joining(settings))
end
