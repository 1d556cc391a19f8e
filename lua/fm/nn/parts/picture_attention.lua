-- picture_attention(channels, heads): x + attention over all places of each picture of
-- group_norm(x), x [B, channels, H, W]. It starts as x itself: `out` is zero. Ho et al. 2020.
local fm <const> = require "fm"
local channel_norm <const> = require "fm.nn.parts.channel_norm"
local module <const> = require "fm.nn.parts.module"

return function(channels, heads)
  local norm, attention = channel_norm(channels), fm.nn.attention { dim = channels, heads = heads }
  attention.out.weight:fill(0)
  attention.out.bias:fill(0)
  return module.new({ { "norm", norm }, { "qkv", attention.qkv }, { "out", attention.out } }, function(_, x)
    local places = norm(x):reshape(#x, channels, x:size(3) * x:size(4)):permute(1, 3, 2)
    return x + attention(places):permute(1, 3, 2):reshape(x:shape())
  end)
end
