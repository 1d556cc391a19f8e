-- network(inputs, outputs, p [, classes]): the network of all flows of text, x [B, L, inputs] and t
-- [, label] -> [B, L, outputs]. What stands at a place of noise is told by its neighbours most of
-- all, and a transformer needs thousands of steps to learn where they are. So each place gets those
-- around it at once: x at `reach` places before and after it, through a linear layer into a
-- transformer of few numbers a place, and another one out of it. It starts as 0 everywhere.
-- p: length, dim, heads, layers.
local fm <const> = require "fm"
local nn <const> = fm.nn

local reach <const>, between <const> = 2, 32

return function(inputs, outputs, p, classes)
  local near <const>, out <const> = nn.linear((2 * reach + 1) * inputs, between), nn.linear(between, outputs, { bias = false })
  local body <const> = nn.transformer { inputs = between, length = p.length, dim = p.dim, heads = p.heads, layers = p.layers, classes = classes }
  return nn.module({ { "near", near }, { "body", body }, { "out", out } }, function(_, x, ...)
    local L <const>, edge <const>, around = x:size(2), fm.zeros(#x, reach, inputs), {}
    local wide = fm.cat({ edge, x, edge }, 2)
    for i = 1, 2 * reach + 1 do around[i] = wide[{ {}, { i, i + L - 1 } }] end
    return out(body(near(fm.cat(around, 3)), ...))
  end)
end
