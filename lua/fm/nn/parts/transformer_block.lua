-- transformer_block(dim, heads, causal): attention and a network of two layers, called with x
-- [B, L, dim] and c [B, dim], which holds time and label. One linear layer of c, `modulation`,
-- shifts, scales and gates both:
--   x = x + gate1 attention(norm(x) (1 + scale1) + shift1)
--   x = x + gate2 mlp(norm(x) (1 + scale2) + shift2)
-- in the order shift1, scale1, gate1, shift2, scale2, gate2. It starts from zero, so that the block
-- starts as x itself: adaLN-zero, Peebles and Xie 2023.
local fm <const> = require "fm"
local modulated <const> = require "fm.nn.parts.modulated"
local module <const> = require "fm.nn.parts.module"
local xavier <const> = require "fm.nn.parts.xavier"

local function forward(self, x, c)
  local m = modulated.parts(self.modulation, c, 6)
  x = x + self.attention(modulated.norm(x, m[1], m[2])) * m[3]
  return x + self.mlp(modulated.norm(x, m[4], m[5])) * m[6]
end

return function(dim, heads, causal)
  local nn <const> = fm.nn
  local attention = nn.attention { dim = dim, heads = heads, causal = causal }
  for _, layer in ipairs { attention.qkv, attention.out } do xavier(layer.weight, layer.bias) end
  local mlp = nn.sequential { nn.linear(dim, 4 * dim, { init = xavier }), nn.gelu_tanh(), nn.linear(4 * dim, dim, { init = xavier }) }
  local modulation = nn.linear(dim, 6 * dim, { init = "zero" })
  local self = module.new({ { "attention", attention }, { "mlp", mlp }, { "modulation", modulation } }, forward)
  self.attention, self.mlp, self.modulation = attention, mlp, modulation
  return self
end
