-- transformer_layers(where, o): the network of nn.transformer and nn.dit. o: inputs, dim, heads,
-- layers, classes, causal, times, and position(), a new parameter [length, dim] that is added to
-- the rows. Returns its parts and run(x, ...) for x [B, L, inputs], where ... are the times and the
-- label.
--   embed         linear, inputs -> dim
--   time_embed, class_embed    see conditioning.lua
--   blocks.0 ...  see transformer_block.lua; c = silu(time + label)
--   final         norm(x) (1 + scale) + shift, then linear, dim -> inputs; both start from zero
local fm <const> = require "fm"
local conditioning <const> = require "fm.nn.parts.conditioning"
local modulated <const> = require "fm.nn.parts.modulated"
local options <const> = require "fm.parts.options"
local transformer_block <const> = require "fm.nn.parts.transformer_block"
local xavier <const> = require "fm.nn.parts.xavier"

local function check(where, o)
  for _, name in ipairs { "dim", "heads" } do options.size(("%s: %s"):format(where, name), o[name]) end
  options.integer(where .. ": layers", o.layers, 1, 1000)
  options.boolean(where .. ": causal", o.causal)
  if 6.0 * o.dim * o.dim > 2 ^ 53 then fm.fail(("%s: dim %d: a layer has more numbers than any memory holds"):format(where, o.dim)) end
  if o.dim % o.heads ~= 0 then fm.fail(("%s: dim %d is no multiple of %d heads"):format(where, o.dim, o.heads)) end
end

return function(where, o)
  local nn <const> = fm.nn
  check(where, o)
  local dim <const>, position <const> = o.dim, o.position()
  local embed <const> = nn.linear(o.inputs, dim, { init = xavier })
  local told, vectors = conditioning(where, o, dim, dim)
  local parts = { { "embed", embed }, { "position", position }, table.unpack(told) }
  local blocks <const> = {}
  for i = 1, o.layers do
    blocks[i] = transformer_block(dim, o.heads, o.causal)
    parts[#parts + 1] = { "blocks." .. i - 1, blocks[i] }
  end
  local modulation <const> = nn.linear(dim, 2 * dim, { init = "zero" })
  local linear <const> = nn.linear(dim, o.inputs, { init = "zero" })
  parts[#parts + 1], parts[#parts + 2] = { "final.modulation", modulation }, { "final.linear", linear }

  return parts, function(x, ...)
    local c = fm.silu(vectors(x, ...))
    local h = embed(x) + position[{ 1, x:size(2) }]
    for i = 1, #blocks do h = blocks[i](h, c) end
    local m = modulated.parts(modulation, c, 2)
    return linear(modulated.norm(h, m[1], m[2]))
  end
end
