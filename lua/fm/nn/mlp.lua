-- mlp{inputs, hidden = {..}, outputs, act}: linear layers with an activation between them. act: its
-- name, { "name", option = }, or a layer.
local activations <const> = require "fm.nn.activation"
local options <const> = require "fm.parts.options"
local fm <const> = require "fm"
local no_holes <const> = require "fm.parts.no_holes"

return function(given, ...)
  options.no_more("mlp", 1, ...)
  local nn <const> = fm.nn
  local o = options.read("mlp", given, { inputs = options.none, hidden = { 64, 64 }, outputs = options.none, act = "silu" })
  local act = activations.of("mlp: act", o.act)
  options.size("mlp: inputs", o.inputs)
  options.size("mlp: outputs", o.outputs)
  local layers, width, widths = {}, o.inputs, type(o.hidden) == "table" and o.hidden or { o.hidden }
  no_holes("mlp: hidden", widths)
  for _, hidden in ipairs(widths) do
    layers[#layers + 1] = nn.linear(width, options.size("mlp: hidden", hidden))
    layers[#layers + 1] = act or activations.of("mlp: act", o.act) -- each layer has its own
    act = nil
    width = hidden
  end
  layers[#layers + 1] = nn.linear(width, o.outputs)
  return nn.sequential(layers)
end
