-- network(inputs, outputs, p [, classes]): the network of all flows of text, x [B, L, inputs] and t
-- [, label] -> [B, L, outputs]. What stands at a place of noise is told by its neighbours most of
-- all, and a transformer needs thousands of steps to learn where they are. So two layers look at x
-- at each place and at `reach` places before and after it; a transformer adds to what they say, and
-- a last layer, 0 at first, reads the sum. x should have numbers of mean square 1: beside smaller
-- ones the transformer sees only its positions for long.
-- p: length, dim, heads, layers.
local fm <const> = require "fm"
local nn <const> = fm.nn

local reach <const>, hidden <const>, between <const> = 4, 192, 64

return function(inputs, outputs, p, classes)
  local near <const>, said <const> = nn.linear((2 * reach + 1) * inputs, hidden, { act = "silu" }), nn.linear(hidden, between)
  local body <const> = nn.transformer { inputs = between, length = p.length, dim = p.dim, heads = p.heads, layers = p.layers, classes = classes }
  local out <const> = nn.linear(between, outputs, { init = "zero" })
  return nn.module({ { "near", near }, { "said", said }, { "body", body }, { "out", out } }, function(_, x, ...)
    local L <const>, edge <const>, around = x:size(2), fm.zeros(#x, reach, inputs), {}
    local wide = fm.cat({ edge, x, edge }, 2)
    for i = 1, 2 * reach + 1 do around[i] = wide[{ {}, { i, i + L - 1 } }] end
    local h = said(near(fm.cat(around, 3)))
    return out(h + body(h, ...))
  end)
end
