-- attention{dim, heads, causal}: self-attention over the rows of each x [B, L, dim] -> [B, L, dim].
-- Vaswani et al. 2017. One linear layer `qkv` makes queries, keys and values of all heads, in this
-- order; `out` mixes the heads. causal: row i sees rows 1 to i only.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"

local attend <const> = fm.attention

return function(given, ...)
  options.no_more("attention", 1, ...)
  local nn <const> = fm.nn
  local o = options.read("attention", given, { dim = options.none, heads = 1, causal = false })
  local dim, heads = options.size("attention: dim", o.dim), options.size("attention: heads", o.heads)
  local settings <const> = { causal = options.boolean("attention: causal", o.causal) }
  if dim % heads ~= 0 then fm.fail(("attention: dim %d is no multiple of %d heads"):format(dim, heads)) end
  local qkv, out = nn.linear(dim, 3 * dim), nn.linear(dim, dim)
  local self = module.new({ { "qkv", qkv }, { "out", out } }, function(_, x)
    if not fm.is_tensor(x) or x:rank() ~= 3 or x:size(3) ~= dim then
      fm.fail(("attention: x: expected a tensor [B, L, %d], found %s"):format(dim, options.shown(x)))
    end
    local rows, length = x:size(1), x:size(2)
    local each = qkv(x):reshape(rows, length, 3, heads, dim // heads):permute(3, 1, 4, 2, 5)
    return out(attend(each[1], each[2], each[3], settings):permute(1, 3, 2, 4):reshape(rows, length, dim))
  end)
  self.qkv, self.out = qkv, out
  return self
end
