-- Ops on pictures split over threads: the numbers are those of plain loops, and the same bits
-- whatever the number of threads.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local plain_conv <const> = dofile "tests/lua/plain_conv.lua"
local on_threads <const> = checks.on_threads

local rng <const> = fm.rng(4, "threads_image_spec")
local double <const> = fm.real == "double"

local function near(expected, found, name)
  local size = 1 + expected:abs():max():item()
  local worst = (expected - found):abs():max():item() / size
  assert(worst < (double and 1e-12 or 1e-5), ("%s: %g"):format(name, worst))
end

-- The gradients of f's inputs.
local function gradients(f, inputs, dy)
  local tape <close> = fm.record()
  local parameters, found = {}, {}
  for i, x in ipairs(inputs) do parameters[i] = fm.parameter(x:clone()) end
  local y = f(table.unpack(parameters))
  y:backward(dy)
  found[1] = y:detach()
  for i, p in ipairs(parameters) do found[i + 1] = p:grad():clone():detach() end
  return found
end

-- Pictures, kernel, options: many pictures, bands of one picture, long patches, few cells, 1 x 1, a
-- block of entries that ends within a channel.
local cases <const> = {
  { { 20, 3, 32, 32 }, { 13, 3, 3, 3 }, { padding = 1 } },
  { { 5, 16, 32, 32 }, { 24, 16, 3, 3 }, { stride = 2, padding = 1 } },
  { { 2, 5, 70, 90 }, { 7, 5, 5, 3 }, { padding = 2 } },
  { { 1, 2, 4, 3000 }, { 3, 2, 2, 7 }, { stride = 3, padding = 1 } },
  { { 3, 40, 6, 6 }, { 150, 40, 3, 3 }, { padding = 1 } },
  { { 33, 64, 16, 16 }, { 64, 64, 1, 1 }, {} },
  { { 300, 16, 3, 3 }, { 8, 16, 3, 3 }, {} },
  { { 3, 2, 8, 8 }, { 4, 2, 3, 3 }, { padding = 4, stride = 5 } },
  { { 2, 11, 24, 24 }, { 16, 11, 17, 16 }, { padding = 3 } },
  { { 9, 19, 28, 28 }, { 17, 19, 3, 3 }, { padding = 1, stride = 2 } },
  { { 9, 1, 28, 28 }, { 16, 1, 3, 3 }, { padding = 1 } },
}

describe("pictures on many threads", function()
  checks.no_bytes_stay(before_each, after_each)

  for _, case in ipairs(cases) do
    local pictures, kernel, options = table.unpack(case)
    it(("a convolution of %s by %s"):format(table.concat(pictures, " x "), table.concat(kernel, " x ")), function()
      local scale = 1 / math.sqrt(kernel[2] * kernel[3] * kernel[4])
      local x, w, b = rng:normal(pictures), rng:normal(kernel) * scale, rng:normal(kernel[1])
      local dy = rng:normal(fm.conv2d(x, w, b, options):shape())
      local found = on_threads(function(p, k, c) return fm.conv2d(p, k, c, options) end, { x, w, b }, dy)
      local expected = gradients(function(p, k, c) return plain_conv(p, k, c, options) end, { x, w, b }, dy)
      for i, name in ipairs { "output", "input's gradient", "weight's gradient", "bias's gradient" } do
        near(expected[i], found[i], name)
      end
    end)

    it(("a transposed convolution to %s by %s"):format(table.concat(pictures, " x "), table.concat(kernel, " x ")), function()
      local scale = 1 / math.sqrt(kernel[1] * kernel[3] * kernel[4])
      local w, b = rng:normal(kernel) * scale, rng:normal(kernel[2])
      local grids = rng:normal(fm.conv2d(fm.zeros(pictures), w, nil, options):shape())
      local found = on_threads(function(g, k, c) return fm.conv_transpose2d(g, k, c, options) end, { grids, w, b })
      local y = found[1] -- and its gradient
      -- <y - b, z> = <grids, conv2d z> for any z: the transposed map, and its gradient is conv2d
      near(plain_conv(y, w, nil, options), found[2], "input's gradient")
      near(y:sum({ axis = 4 }):sum({ axis = 3 }):sum({ axis = 1 }), found[4], "bias's gradient")
      local z = rng:normal(y:shape())
      local back = gradients(function(p, k) return plain_conv(p, k, nil, options) end, { z, w }, grids)
      near(back[2] + fm.zeros(y:shape()) + b:reshape(1, -1, 1, 1), y, "output")
      local of_y = gradients(function(p, k) return plain_conv(p, k, nil, options) end, { y, w }, grids)
      near(of_y[3], found[3], "weight's gradient")
    end)
  end

  it("a gradient is added to what is there", function()
    for _, f in ipairs { fm.conv2d, fm.conv_transpose2d } do
      local x, w = fm.parameter(rng:normal(3, 4, 9, 9)), fm.parameter(rng:normal(4, 4, 3, 3))
      local once = {}
      for i = 1, 2 do
        local tape <close> = fm.record()
        local y = f(x, w)
        y:backward(fm.ones(y:shape()))
        if i == 1 then once = { x:grad():clone():detach(), w:grad():clone():detach() } end
      end
      near(once[1] * 2, x:grad(), "input's gradient")
      near(once[2] * 2, w:grad(), "weight's gradient")
    end
  end)

  it("no pictures give gradients of zero", function()
    for _, f in ipairs { fm.conv2d, fm.conv_transpose2d } do
      local tape <close> = fm.record()
      local y = f(fm.zeros(0, 4, 9, 9), fm.parameter(fm.ones(4, 4, 3, 3)))
      assert.equal(0, y:count())
      y:sum():backward()
    end
  end)

  for _, shape in ipairs { { 8, 9, 32, 32 }, { 3, 5, 130, 67 }, { 1, 1, 300, 300 }, { 2, 3, 5, 4 } } do
    it("pooling and upsampling of " .. table.concat(shape, " x "), function()
      local x = rng:normal(shape)
      local n, c, h, w = table.unpack(shape)
      for size = 1, 3 do
        local oh, ow = h // size, w // size
        local dy = rng:normal(n, c, oh, ow)
        local found = on_threads(function(p) return p:avg_pool2d { size = size } end, { x }, dy)
        local expected = gradients(function(p)
          local inside = p:slice({ axis = 3, first = 1, last = oh * size }):slice { axis = 4, first = 1, last = ow * size }
          return inside:reshape(n * c, oh, size, ow * size):sum({ axis = 3 }):reshape(n, c, oh, ow, size):sum { axis = 5 } / (size * size)
        end, { x }, dy)
        near(expected[1], found[1], "means")
        near(expected[2], found[2], "gradient of means")

        local dz = rng:normal(n, c, h * size, w * size)
        found = on_threads(function(p) return p:upsample_nearest2d { scale = size } end, { x }, dz)
        expected = gradients(function(p)
          return (p:reshape(n * c, h, 1, w, 1) + fm.zeros(1, 1, size, 1, size)):reshape(n, c, h * size, w * size)
        end, { x }, dz)
        near(expected[1], found[1], "larger picture")
        near(expected[2], found[2], "gradient of the larger picture")
      end
    end)
  end
end)
