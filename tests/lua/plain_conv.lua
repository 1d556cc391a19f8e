-- plain_conv(x, w, b, {stride, padding}): what fm.conv2d computes, slowly.
local fm <const> = require "fm"

-- A convolution of ops that are tested elsewhere: the padded picture's rows and columns that the
-- kernel's entry (i, j) meets, times that entry's weights, summed over the entries.
return function(x, w, b, options)
  local s, p = options.stride or 1, options.padding or 0
  local n, c, h, wide = table.unpack(x:shape())
  local o, _, kh, kw = table.unpack(w:shape())
  local padded = fm.zeros(n, c, h + 2 * p, wide + 2 * p)
  if p > 0 then
    x = fm.cat({ fm.zeros(n, c, p, wide), x, fm.zeros(n, c, p, wide) }, { axis = 3 })
    x = fm.cat({ fm.zeros(n, c, h + 2 * p, p), x, fm.zeros(n, c, h + 2 * p, p) }, { axis = 4 })
  end
  local oh, ow = (padded:size(3) - kh) // s + 1, (padded:size(4) - kw) // s + 1
  local y
  for i = 1, kh do
    for j = 1, kw do
      local part = x:slice { axis = 3, first = i, last = i + (oh - 1) * s, step = s }
      part = part:slice { axis = 4, first = j, last = j + (ow - 1) * s, step = s }
      local cells = part:permute { axes = { 1, 3, 4, 2 } }:reshape(n * oh * ow, c)
      local entry = w:slice { axis = 3, first = i, last = i }:slice { axis = 4, first = j, last = j }:reshape(o, c)
      local term = cells:matmul(entry:permute { axes = { 2, 1 } })
      y = y and y + term or term
    end
  end
  if b then y = y + b end
  return y:reshape(n, oh, ow, o):permute { axes = { 1, 4, 2, 3 } }
end
