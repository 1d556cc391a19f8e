-- Convolutions of 3 x 3 with stride 1 and 16 channels or more, which are made in another way than
-- all others: beside a plain loop, in every kind of shape.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local plain_conv <const> = dofile "tests/lua/plain_conv.lua"
local double <const> = fm.real == "double"

local rng <const> = fm.rng(4, "winograd_spec")

-- The output, and the gradients of x, w and b; with `twice`, added to those of a first time.
local function all_of(conv, inputs, dy, options, twice)
  local parameters, found = {}, {}
  for i, x in ipairs(inputs) do parameters[i] = fm.parameter(x:clone()) end
  for _ = 1, twice and 2 or 1 do
    local tape <close> = fm.record()
    local y = conv(parameters[1], parameters[2], parameters[3], options)
    y:backward(dy)
    found[1] = y:clone():detach()
    for i, p in ipairs(parameters) do found[i + 1] = p:grad():clone():detach() end
  end
  return found
end

local names <const> = { "output", "input's gradient", "weight's gradient", "bias's gradient" }

-- Pictures, channels made, padding: whole blocks of tiles; odd sides; channels that fill no vector;
-- lines of more tiles than a block has; many small pictures in a block; many channels, so that
-- blocks are small; more channels than a sum of the weight's gradient takes at once.
local cases <const> = {
  { { 3, 32, 32, 32 }, 32, 1 }, { { 5, 17, 7, 9 }, 33, 0 }, { { 2, 16, 5, 301 }, 20, 2 }, { { 3, 48, 28, 28 }, 24, 1 },
  { { 2, 16, 300, 3 }, 16, 1 }, { { 70, 32, 4, 4 }, 32, 1 }, { { 65, 16, 8, 8 }, 130, 0 }, { { 9, 140, 7, 7 }, 70, 1 },
  { { 2, double and 250 or 500, 6, 6 }, 16, 1 }, { { 4, 16, 10, 10 }, 40, 2 }, { { 3, 19, 5, 4 }, 17, 1 }, { { 1, 16, 2, 2 }, 16, 1 },
  { { 6, 20, 1, 8 }, 20, 2 },
}
-- Neighbours of these shapes, which are made in other ways.
for _, case in ipairs { { { 3, 16, 9, 11 }, 20, 2, 5 }, { { 3, 20, 9, 11 }, 18, 0, 1 }, { { 3, 16, 3, 3 }, 16, 0 }, { { 2, 32, 15, 15 }, 32, 1, 3, 2 },
  { { 2, 32, 9, 9 }, 32, 3 },
  { { 5, 40, 20, 21 }, 12, 0, 1 }, { { 3, 1, 8, 8 }, 3, 0, 1 }, { { 3, 5, 8, 8 }, 1, 0, 1 } } do table.insert(cases, case) end

describe("convolutions in fewer multiplications", function()
  checks.no_bytes_stay(before_each, after_each)

  for _, case in ipairs(cases) do
    local pictures <const>, made <const>, padding <const>, kernel <const>, stride <const> = case[1], case[2], case[3], case[4] or 3, case[5] or 1
    local options <const> = { padding = padding, stride = stride }
    local name <const> = ("%s -> %d, %d x %d, padding %d, stride %d"):format(table.concat(pictures, " x "), made, kernel, kernel, padding, stride)

    it(name, function()
      local scale <const> = 1 / math.sqrt(pictures[2] * kernel * kernel)
      local inputs <const> = { rng:normal(pictures), rng:normal(made, pictures[2], kernel, kernel) * scale, rng:normal(made) }
      local dy <const> = rng:normal(fm.conv2d(inputs[1], inputs[2], inputs[3], options):shape())
      local found <const> = checks.on_threads(function(x, w, b) return fm.conv2d(x, w, b, options) end, inputs, dy)
      for i, want in ipairs(all_of(plain_conv, inputs, dy, options)) do
        local off = (want - found[i]):abs():max():item() / (1 + want:abs():max():item())
        assert(off < (double and 1e-12 or 5e-6), ("%s: %g"):format(names[i], off))
      end
    end)

    -- On whole numbers there are no rounding errors: each number is exact, or in a wrong place.
    it(name .. ", whole numbers, exactly", function()
      local inputs <const> = { rng:integers(pictures, -9, 9), rng:integers({ made, pictures[2], kernel, kernel }, -9, 9), rng:integers({ made }, -9, 9) }
      local dy <const> = rng:integers(fm.conv2d(inputs[1], inputs[2], inputs[3], options):shape(), -9, 9)
      for _, twice in ipairs { false, true } do
        local found <const> = all_of(fm.conv2d, inputs, dy, options, twice)
        for i, want in ipairs(all_of(plain_conv, inputs, dy, options, twice)) do
          assert((want - found[i]):abs():max():item() == 0, names[i])
        end
      end
    end)
  end

  it("a picture's numbers do not depend on the pictures beside it", function()
    for _, shape in ipairs { { 9, 16, 8, 8 }, { 5, 24, 7, 7 }, { 3, 16, 32, 32 } } do
      local x <const>, w <const> = rng:normal(shape), rng:normal(40, shape[2], 3, 3)
      local all <const> = fm.conv2d(x, w, nil, { padding = 1 })
      local dx <const> = all_of(fm.conv2d, { x, w }, all, { padding = 1 })[2]
      for i = 1, shape[1] do
        local function one(t) return t:slice { axis = 1, first = i, last = i } end
        local alone <const> = all_of(fm.conv2d, { one(x):clone(), w }, one(all):clone(), { padding = 1 })
        assert.is_true(checks.identical(one(all):clone(), alone[1]))
        assert.is_true(checks.identical(one(dx):clone(), alone[2]))
      end
    end
  end)

  it("a transposed convolution is the gradient of a convolution", function()
    local y <const>, w <const>, b <const> = rng:normal(5, 24, 9, 7), rng:normal(24, 17, 3, 3) * 0.1, rng:normal(17)
    for padding = 0, 2 do
      local options <const> = { padding = padding }
      local x <const> = fm.conv_transpose2d(y, w, nil, options)
      local found <const> = all_of(fm.conv_transpose2d, { y, w, b }, x, options)
      local want <const> = all_of(plain_conv, { x, w }, y, options)
      local function same(p, q) assert((p - q):abs():max():item() < (double and 1e-11 or 2e-4)) end
      same(found[1] - b:reshape(1, 17, 1, 1), want[2])
      same(found[2], want[1])
      same(found[3], want[3])
    end
  end)

  it("long sums of equal terms are exact to some units in the last place", function()
    local n <const> = 600
    local found <const> = all_of(fm.conv2d, { fm.ones(n, 16, 16, 16), fm.ones(16, 16, 3, 3) }, fm.full({ n, 16, 16, 16 }, 0.1), { padding = 1 })
    local centre <const> = found[3]:reshape(-1):slice({ axis = 1, first = 5, last = 5 }):item() / (n * 256 * fm.full({ 1 }, 0.1):item())
    assert(math.abs(centre - 1) < (double and 1e-14 or 2e-6), centre)
  end)
end)
