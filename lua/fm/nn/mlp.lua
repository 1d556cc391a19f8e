-- mlp{inputs, hidden = {..}, outputs, act}: linear layers with an activation between them.
local options <const> = require "fm.options"
local fm <const> = require "fm"

return function(given)
  local nn <const> = fm.nn
  local o = options.read("mlp", given, { inputs = options.none, hidden = { 64, 64 }, outputs = options.none, act = "silu" })
  options.integer("mlp: inputs", o.inputs, 1)
  options.integer("mlp: outputs", o.outputs, 1)
  local layers, width = {}, o.inputs
  for _, hidden in ipairs(type(o.hidden) == "table" and o.hidden or { o.hidden }) do
    layers[#layers + 1] = nn.linear(width, options.integer("mlp: hidden", hidden, 1))
    layers[#layers + 1] = (nn[o.act] or fm.fail(('mlp: unknown act "%s"'):format(tostring(o.act))))()
    width = hidden
  end
  layers[#layers + 1] = nn.linear(width, o.outputs)
  return nn.sequential(layers)
end
