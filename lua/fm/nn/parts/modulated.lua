-- Layer norm whose scale and shift come from a condition. Peebles and Xie 2023.
local fm <const> = require "fm"

local modulated <const> = {}

local settings <const> = { eps = 1e-6 }

--- What a linear layer makes of c [B, dim], in n parts: m[1] to m[n] are [B, 1, dim].
function modulated.parts(layer, c, n)
  return layer(c):reshape(#c, n, 1, c:size(2)):permute(2, 1, 3, 4)
end

--- norm(x) (1 + scale) + shift, for x [B, L, dim].
function modulated.norm(x, shift, scale)
  return fm.layer_norm(x, scale + 1, shift, settings)
end

return modulated
