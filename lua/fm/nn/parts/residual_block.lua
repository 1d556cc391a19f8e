-- residual_block(c_in, c_out, embed, {dropout, heads}): the block that a U-Net is made of, called
-- with x [B, c_in, H, W] and e [B, embed], which holds time and label:
--   h = conv1(silu(norm1(x))) + embed(e)
--   y = skip(x) + conv2(dropout(silu(norm2(h))))
-- and, with heads, self-attention after it. skip is a 1 x 1 convolution where the channels differ,
-- else x. conv2 starts from zero, so that the block starts as skip. Ho et al. 2020.
local fm <const> = require "fm"
local channel_norm <const> = require "fm.nn.parts.channel_norm"
local module <const> = require "fm.nn.parts.module"
local picture_attention <const> = require "fm.nn.parts.picture_attention"

local function forward(self, x, e)
  local h = self.conv1(self.norm1(x))
  h = self.norm2(h + self.embed(e):reshape(#x, self.channels, 1, 1))
  if self.dropout then h = self.dropout(h) end
  h = self.conv2(h) + (self.skip and self.skip(x) or x)
  return self.attention and self.attention(h) or h
end

return function(c_in, c_out, embed, o)
  local nn <const> = fm.nn
  local layers <const> = {
    norm1 = channel_norm(c_in, "silu"), conv1 = nn.conv2d(c_in, c_out, 3, { padding = 1 }), embed = nn.linear(embed, c_out),
    norm2 = channel_norm(c_out, "silu"), dropout = o.dropout > 0 and nn.dropout(o.dropout) or nil,
    conv2 = nn.conv2d(c_out, c_out, 3, { padding = 1, init = "zero" }), skip = c_in ~= c_out and nn.conv2d(c_in, c_out, 1) or nil,
    attention = o.heads and picture_attention(c_out, o.heads) or nil,
  }
  local parts = {}
  for _, name in ipairs { "norm1", "conv1", "embed", "norm2", "dropout", "conv2", "skip", "attention" } do
    if layers[name] then parts[#parts + 1] = { name, layers[name] } end
  end
  local self = module.new(parts, forward)
  for name, layer in pairs(layers) do self[name] = layer end
  self.channels = c_out
  return self
end
