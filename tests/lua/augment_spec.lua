-- Flips and shifts against their definition, number by number.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local augment <const> = fm.data.augment

local raises_text <const> = checks.raises_text

-- The picture, a table [C, H, W], mirrored (or not) and then moved, as text.
local function moved(picture, mirrored, down, across)
  local c, h, w, result = #picture, #picture[1], #picture[1][1], {}
  local function clamp(i, most) return math.max(1, math.min(most, i)) end
  for plane = 1, c do
    result[plane] = {}
    for i = 1, h do
      result[plane][i] = {}
      for j = 1, w do
        local from = clamp(j - across, w)
        result[plane][i][j] = picture[plane][clamp(i - down, h)][mirrored and w + 1 - from or from]
      end
    end
  end
  return fm.json.encode(result)
end

local function text_of(picture) return fm.json.encode(picture:totable()) end

local base <const> = fm.range(1, 40):reshape(2, 5, 4):totable() -- 40 numbers that differ

-- n copies of it; and what may be done to one: text of the result -> { mirrored, down, across }.
local function copies(n, shift)
  local done_to = {}
  for _, mirrored in ipairs { false, true } do
    for down = -shift, shift do
      for across = -shift, shift do done_to[moved(base, mirrored, down, across)] = { mirrored, down, across } end
    end
  end
  return fm.zeros(n, 2, 5, 4) + fm.tensor(base), done_to
end

describe("augment", function()
  setup(function() augment(fm.ones(1, 1, 2, 2)) end)
  checks.no_bytes_stay(setup, teardown)

  it("mirrors and moves each picture as a whole, by chances that are even", function()
    local n <const> = 600
    for _, o in ipairs { { flip = true, shift = 2 }, { flip = true, shift = 0 }, { flip = false, shift = 1 } } do
      local scope <close> = fm.scope()
      local x, done_to = copies(n, o.shift)
      local y = augment(x, { flip = o.flip, shift = o.shift, rng = fm.rng(2) })
      assert.same(x:shape(), y:shape())
      local flips, counts = 0, {}
      for i = 1, n do
        local what = assert(done_to[text_of(y[i])], i)
        if what[1] then flips = flips + 1 end
        local key = what[2] .. " " .. what[3]
        counts[key] = (counts[key] or 0) + 1
      end
      if o.flip then assert.near(n / 2, flips, 3 * math.sqrt(n / 4)) else assert.equal(0, flips) end
      local places = (2 * o.shift + 1) ^ 2
      for down = -o.shift, o.shift do
        for across = -o.shift, o.shift do
          assert.near(n / places, counts[down .. " " .. across] or 0, 4 * math.sqrt(n / places))
        end
      end
    end
  end)

  it("leaves pictures alone by default, in a tensor of its own", function()
    local x = fm.rng(1):uniform(3, 1, 4, 4)
    local y = augment(x)
    checks.same(x, y)
    y:fill(0)
    assert.is_true(x:max():item() > 0)
    checks.same(fm.full({ 2, 3, 1, 1 }, 7), augment(fm.full({ 2, 3, 1, 1 }, 7), { flip = true })) -- one pixel
  end)

  it("flips the same pictures whether it shifts too or not", function()
    local n <const> = 20
    local x, done_to = copies(n, 2)
    local flipped, both = augment(x, { flip = true, rng = fm.rng(5) }), augment(x, { flip = true, shift = 2, rng = fm.rng(5) })
    for i = 1, n do assert.equal(done_to[text_of(flipped[i])][1], done_to[text_of(both[i])][1]) end
  end)

  it("sees each picture for itself", function()
    local x = fm.rng(1):uniform(9, 1, 4, 3)
    local y = augment(x, { flip = true, shift = 1, rng = fm.rng(6) })
    for i = 1, 9 do
      local picture, found = x[i]:totable(), false
      for _, mirrored in ipairs { false, true } do
        for down = -1, 1 do
          for across = -1, 1 do found = found or moved(picture, mirrored, down, across) == text_of(y[i]) end
        end
      end
      assert.is_true(found)
    end
  end)

  it("draws by the step of its stream, again and again, and the same on any number of threads", function()
    local x = fm.rng(1):normal(64, 3, 16, 16)
    local root = fm.rng(3, "run")
    local rng = root:stream "augment"
    local function at(step)
      root:at(step)
      return augment(x, { flip = true, shift = 2, rng = rng })
    end
    local first, second = at(1), at(2)
    assert.is_false(checks.identical(first, second))
    checks.same(first, at(1))
    root = fm.rng(3, "run") -- of another process
    rng = root:stream "augment"
    checks.same(second, at(2))
    assert.is_false(checks.identical(augment(x, { flip = true, rng = rng }), augment(x, { flip = true, rng = rng })))
    checks.on_threads(function(pictures) return augment(pictures, { flip = true, shift = 2, rng = fm.rng(4) }) end, { x })
  end)

  it("draws for a share of a batch what it draws for the whole", function()
    local shares <const> = require "fm.parts.shares"
    local x, rng, w = fm.rng(1):normal(12, 1, 4, 4), fm.rng(2), fm.parameter(fm.ones(1))
    local whole = augment(x, { flip = true, shift = 1, rng = fm.rng(2) })
    shares.count = 3
    local ok, _, cut = pcall(function()
      return fm.optim.sgd({ w }, { lr = 0 }):step(function(share)
        local y = augment(share(x), { flip = true, shift = 1, rng = rng })
        return (y * w):sum(), y
      end)
    end)
    shares.count = 1
    assert.is_true(ok)
    checks.same(whole, cut)
  end)

  it("gives no gradient, and no tensor stays on the tape", function()
    local w = fm.parameter(fm.rng(1):normal(2, 1, 4, 4))
    local tape <close> = fm.record()
    assert.is_false(fm.needs_grad(augment(w, { flip = true, shift = 1, rng = fm.rng(1) })))
  end)

  it("refuses misuse", function()
    local x = fm.zeros(2, 1, 4, 3)
    raises_text("augment: expected pictures [N, C, H, W], found a tensor [2, 12]", augment, x:reshape(2, 12))
    raises_text("augment: expected pictures [N, C, H, W], found nil", augment)
    raises_text("augment: there is nothing in a tensor [0, 1, 4, 3]", augment, fm.zeros(0, 1, 4, 3))
    raises_text("augment: shift: expected a whole number in 0..2, found 3", augment, x, { shift = 3 })
    raises_text("augment: shift: expected a whole number in 0..2, found -1", augment, x, { shift = -1 })
    raises_text("augment: flip: expected true or false, found 1", augment, x, { flip = 1 })
    raises_text("augment: rng: expected a random stream, found number", augment, x, { rng = 3 })
    raises_text('augment: unknown option "flips"; did you mean "flip"', augment, x, { flips = true })
    raises_text("augment: unexpected argument 3, a number: it takes 2", augment, x, {}, 3)
  end)
end)
