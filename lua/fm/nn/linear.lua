-- linear(inputs, outputs, {bias, act, init}): y = act(x w^T + b); w is [outputs, inputs]. First weights as PyTorch's: uniform in
-- -1/sqrt(inputs)..1/sqrt(inputs) (He et al. 2015 with a = sqrt 5); init = "zero" starts from nothing, a function(w, b) does its own.
local fm <const> = require "fm"
local activations <const> = require "fm.nn.parts.activations"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"
local init <const> = require "fm.nn.parts.init_stream"

local fused <const> = fm.linear

local function forward(self, x)
  return fused(x, self.weight, self.bias, self.act)
end

return function(inputs, outputs, given, ...)
  options.no_more("linear", 3, ...)
  local o = options.read("linear", given, { bias = true, act = "none", init = "uniform" })
  inputs, outputs = options.size("linear: inputs", inputs), options.size("linear: outputs", outputs)
  options.boolean("linear: bias", o.bias)
  activations.check("linear: act", o.act)
  local bound = 1 / math.sqrt(inputs)
  local weight = init.uniform(bound, outputs, inputs)
  local bias = o.bias and init.uniform(bound, outputs) or nil
  if o.init == "zero" then
    weight:fill(0)
    if bias then bias:fill(0) end
  elseif type(o.init) == "function" then
    o.init(weight, bias)
  elseif o.init ~= "uniform" then
    fm.fail(('linear: init: expected "uniform", "zero" or a function, found %s'):format(options.shown(o.init)))
  end
  local layer = module.new({ { "weight", weight }, bias and { "bias", bias } or nil }, forward)
  layer.weight, layer.bias, layer.act = weight, bias, o.act
  return layer
end
