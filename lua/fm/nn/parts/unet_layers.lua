-- unet_layers(o, widths, parts): the convolutions and blocks of a U-Net, see unet.lua; widths: the
-- channels of each level. Adds them to `parts` and returns run(x, e), where e [B, 4 * width] holds
-- time and label.
local fm <const> = require "fm"
local channel_norm <const> = require "fm.nn.parts.channel_norm"
local residual_block <const> = require "fm.nn.parts.residual_block"

-- The layers, in order, into `parts`; returns them by what they do.
local function layers_of(o, widths, parts)
  local nn <const> = fm.nn
  local last <const> = #widths
  local function add(layer, name, ...)
    parts[#parts + 1] = { name:format(...), layer }
    return layer
  end
  local function block(c_in, level, attends)
    return residual_block(c_in, widths[level], 4 * o.width, { dropout = o.dropout, heads = attends and o.heads or nil })
  end

  local net = { down = {}, shrink = {}, middle = {}, up = {}, grow = {} }
  net.conv_in = add(nn.conv2d(o.channels, o.width, 3, { padding = 1 }), "conv_in")
  local c, skipped = o.width, { o.width }
  local function skip() skipped[#skipped + 1] = c end
  for level = 1, last do
    net.down[level] = {}
    for j = 1, o.blocks do
      net.down[level][j] = add(block(c, level, o.attends[level]), "down.%d.%d", level - 1, j - 1)
      c = widths[level]
      skip()
    end
    if level < last then
      net.shrink[level] = add(nn.conv2d(c, c, 3, { stride = 2, padding = 1 }), "shrink.%d", level - 1)
      skip()
    end
  end
  for j = 1, 2 do net.middle[j] = add(block(c, last, j == 1 and o.attends[last]), "middle.%d", j - 1) end
  for level = last, 1, -1 do
    net.up[level] = {}
    for j = 1, o.blocks + 1 do
      net.up[level][j] = add(block(c + table.remove(skipped), level, o.attends[level]), "up.%d.%d", level - 1, j - 1)
      c = widths[level]
    end
    if level > 1 then
      net.grow[level] = add(nn.sequential { nn.upsample(2), nn.conv2d(c, c, 3, { padding = 1 }) }, "grow.%d", level - 1)
    end
  end
  net.norm_out = add(channel_norm(c, "silu"), "norm_out")
  net.conv_out = add(nn.conv2d(c, o.channels, 3, { padding = 1, init = "zero" }), "conv_out")
  return net
end

local function run(net, x, e)
  local h = net.conv_in(x)
  local skipped = { h }
  for level, blocks in ipairs(net.down) do
    for _, block in ipairs(blocks) do
      h = block(h, e)
      skipped[#skipped + 1] = h
    end
    if net.shrink[level] then
      h = net.shrink[level](h)
      skipped[#skipped + 1] = h
    end
  end
  for _, block in ipairs(net.middle) do h = block(h, e) end
  for level = #net.up, 1, -1 do
    for _, block in ipairs(net.up[level]) do h = block(fm.cat(h, table.remove(skipped), 2), e) end
    if net.grow[level] then h = net.grow[level](h) end
  end
  return net.conv_out(net.norm_out(h))
end

return function(o, widths, parts)
  local net <const> = layers_of(o, widths, parts)
  return function(x, e) return run(net, x, e) end
end
