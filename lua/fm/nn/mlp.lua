-- mlp{inputs, hidden = {..}, outputs, act}: linear layers with an activation between them.
local activations <const> = require "fm.nn.parts.activations"
local options <const> = require "fm.parts.options"
local fm <const> = require "fm"

return function(given, ...)
  options.no_more("mlp", 1, ...)
  local nn <const> = fm.nn
  local o = options.read("mlp", given, { inputs = options.none, hidden = { 64, 64 }, outputs = options.none, act = "silu" })
  activations.check("mlp: act", o.act)
  options.size("mlp: inputs", o.inputs)
  options.size("mlp: outputs", o.outputs)
  local layers, width = {}, o.inputs
  local function activation() return nn[o.act]() end
  for _, hidden in ipairs(type(o.hidden) == "table" and o.hidden or { o.hidden }) do
    layers[#layers + 1] = nn.linear(width, options.size("mlp: hidden", hidden))
    layers[#layers + 1] = activation()
    width = hidden
  end
  layers[#layers + 1] = nn.linear(width, o.outputs)
  return nn.sequential(layers)
end
