-- linear(inputs, outputs, {bias, act, init}): y = act(x w^T + b); w is [outputs, inputs]. The
-- weights start as in PyTorch: uniform in -1/sqrt(inputs)..1/sqrt(inputs) (He et al. 2015 with a =
-- sqrt 5). init = "zero" starts from zeros, a function(w, b) sets them itself. act: the name of an
-- activation, { "name", option = }, or a layer; if it is an op of fm, it runs in the same pass.
local fm <const> = require "fm"
local fusing <const> = require "fm.nn.parts.fusing"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"
local init <const> = require "fm.nn.parts.init_stream"

local fused <const> = fm.linear

local function forward(self, x)
  return fused(x, self.weight, self.bias, self.act)
end

local function forward_and_after(self, x)
  return self.after(fused(x, self.weight, self.bias))
end

-- See sequential.lua.
local function fuse(self, op)
  if op == "none" then return function(x) return fused(x, self.weight, self.bias, self.act) end end
  if self.act ~= "none" or not fusing.takes(op) then return nil end
  return function(x) return fused(x, self.weight, self.bias, op) end
end

return function(inputs, outputs, given, ...)
  options.no_more("linear", 3, ...)
  local o = options.read("linear", given, { bias = true, act = "none", init = "uniform" })
  inputs, outputs = options.size("linear: inputs", inputs), options.size("linear: outputs", outputs)
  options.boolean("linear: bias", o.bias)
  local act, after = fusing.act("linear: act", o.act)
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
  local parts = { { "weight", weight } }
  if bias then parts[#parts + 1] = { "bias", bias } end
  if type(after) == "table" then parts[#parts + 1] = { "act", after } end -- a function has no parameters
  local layer = module.new(parts, after and forward_and_after or forward)
  layer.weight, layer.bias, layer.act, layer.after = weight, bias, act, after
  if not after then layer.fuse = fuse end
  return layer
end
