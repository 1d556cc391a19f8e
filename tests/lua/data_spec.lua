local fm <const> = require "fm"
local data <const> = fm.data

describe("data", function()
  local before
  setup(function()
    data.moons { n = 2 }
    collectgarbage() collectgarbage()
    before = fm.live_bytes()
  end)
  teardown(function()
    collectgarbage() collectgarbage()
    assert.equal(before, fm.live_bytes())
  end)

  local names <const> = { "moons", "eight_gaussians", "checkerboard", "two_spirals", "pinwheel", "swiss_roll", "circles", "rings", "s_curve", "gaussians" }

  it("makes every 2D set, the same for the same rng, within bounds", function()
    for _, name in ipairs(names) do
      local x = data[name] { n = 500, rng = fm.rng(1) }
      assert.same({ 500, 2 }, x:shape())
      assert.is_true(x:abs():max():item() < 8, name)
      assert.is_true(x:var(1):min():item() > 0.05, name)
      assert.same(x:totable(), data[name] { n = 500, rng = fm.rng(1) }:totable())
    end
  end)

  it("keeps to the shapes they are named after", function()
    local x = data.moons { n = 2000, noise = 0, rng = fm.rng(2) }
    local upper = (x:square():sum(2):sqrt() - 1):abs()
    local lower = ((x - fm.tensor { 1, 0.5 }):square():sum(2):sqrt() - 1):abs()
    assert.is_true(fm.minimum(upper, lower):max():item() < 1e-4)
    for i = 1, 200 do
      local p = data.checkerboard { n = 200, rng = fm.rng(i) }[i]
      assert.equal(0, (math.floor(p[1] / 2) + math.floor(p[2] / 2)) % 2)
    end
    local r = data.circles { n = 300, noise = 0, rng = fm.rng(3) }:square():sum(2):sqrt()
    assert.is_true((r - 0.5):abs():minimum((r - 1):abs()):max():item() < 1e-4)
  end)

  it("draws shapes with all three kinds and colours in range", function()
    local x, labels = data.shapes32 { n = 600, rng = fm.rng(1) }
    assert.same({ 600, 3072 }, x:shape())
    assert.is_true(x:min():item() >= -1 and x:max():item() <= 1)
    local seen = {}
    for _, l in ipairs(labels:totable()) do seen[l] = true end
    assert.same({ true, true, true }, seen)
  end)

  it("gives batches: each row once a round, another order the next, the same for the same rng", function()
    local x = fm.range(1, 10):reshape(10, 1)
    local function round(next_batch)
      local rows = {}
      for batch in next_batch do
        for _, row in ipairs(batch:totable()) do rows[#rows + 1] = row[1] end
      end
      return rows
    end
    local a = data.batches(x, 4, { rng = fm.rng(1, "b") })
    local first, second = round(a), round(a)
    assert.are_not.same(first, second)
    local b = data.batches(x, 4, { rng = fm.rng(1, "b") })
    assert.same(first, round(b))
    assert.same(second, round(b))
    table.sort(first)
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, first)
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8 }, round(data.batches(x, 4, { drop_last = true })))
    local labels = fm.range(11, 20)
    for rows, l in data.batches(x, 3, { rng = fm.rng(2), labels = labels }) do assert.same((rows:reshape(-1) + 10):totable(), l:totable()) end
  end)

  it("refuses misuse", function()
    local function fails(pattern, f, ...)
      local ok, message = pcall(f, ...)
      assert.is_false(ok)
      assert.matches(pattern, message)
    end
    fails('unknown option "nois"; did you mean "noise"', data.moons, { nois = 1 })
    fails("n: expected a whole number", data.moons, { n = 0 })
    fails("shuffle needs an rng", data.batches, fm.zeros(3, 1), 2, { shuffle = true })
    fails("3 rows and 2 labels", data.batches, fm.zeros(3, 1), 2, { labels = fm.zeros(2) })
    assert.is_nil((data.idx "no/such/file"))
    assert.is_nil((data.png_folder "no/such/folder"))
    assert.is_nil((data.text "no/such/file"))
  end)
end)
