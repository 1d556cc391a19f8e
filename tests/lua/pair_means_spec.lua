-- Metrics that are means over all pairs of rows, against sums by hand.
local fm <const> = require "fm"
local checks <const> = require "tests.lua.checks"
local metrics <const> = fm.metrics

--- The mean of f(squared distance, product, i, j) over pairs of rows where f is not nil.
local function mean_of(a, b, f)
  local x, y, total, n = a:totable(), b:totable(), 0.0, 0
  for i, p in ipairs(x) do
    for j, q in ipairs(y) do
      local squared, product = 0.0, 0.0
      for k = 1, #p do squared, product = squared + (p[k] - q[k]) ^ 2, product + p[k] * q[k] end
      local value = f(squared, product, i, j)
      if value then total, n = total + value, n + 1 end
    end
  end
  return total / n
end

local function root(squared) return math.sqrt(squared) end

local function gaussian(widths, apart)
  return function(squared, _, i, j)
    if apart and i == j then return nil end
    local sum = 0.0
    for _, s in ipairs(widths) do sum = sum + math.exp(-squared / (2 * s * s)) end
    return sum
  end
end

local function cubic(d, apart)
  return function(_, product, i, j)
    if apart and i == j then return nil end
    return (product / d + 1) ^ 3
  end
end

local function check(a, b, widths, within)
  local d = a:size(2)
  local function near(what, want, got, scale)
    assert.truthy(math.abs(want - got) <= within * scale, ("%s of %d and %d rows of %d: expected %.17g, found %.17g"):format(what, #a, #b, d, want, got))
  end
  local apart = mean_of(a, b, root)
  near("energy_distance", 2 * apart - mean_of(a, a, root) - mean_of(b, b, root), metrics.energy_distance(a, b), apart)
  for _, unbiased in ipairs { false, true } do
    local own, other = gaussian(widths, unbiased), gaussian(widths, false)
    near("mmd", mean_of(a, a, own) + mean_of(b, b, own) - 2 * mean_of(a, b, other),
      metrics.mmd(a, b, { bandwidths = widths, unbiased = unbiased }), #widths)
  end
  local terms = { mean_of(a, a, cubic(d, true)), mean_of(b, b, cubic(d, true)), 2 * mean_of(a, b, cubic(d)) }
  near("kid", terms[1] + terms[2] - terms[3], metrics.kid(a, b), terms[1] + terms[2])
end

describe("means over pairs", function()
  checks.no_bytes_stay(setup, teardown)
  local rng <const> = fm.rng(6, "pair_means_spec")

  it("are those of every pair, whatever the sizes", function()
    for _, s in ipairs { { 2, 2, 1 }, { 130, 5, 2 }, { 5, 130, 3 }, { 128, 129, 2 }, { 40, 30, 24 }, { 40, 30, 25 }, { 20, 140, 40 }, { 10, 9, 300 } } do
      check(rng:normal(s[1], s[3]), rng:normal(s[2], s[3]) + 0.3, { 0.5, 1, 2 }, 1e-13)
    end
  end)

  it("keep their digits far from the origin and for near duplicates", function()
    for _, d in ipairs { 2, 30 } do
      local a = rng:normal(30, d) + 1000
      check(a, fm.cat(a[{ 1, 20 }], a[{ 1, 20 }] + 2 ^ -13, { axis = 1 }), { 0.01, 1, 100 }, 1e-9)
    end
  end)

  it("have kernels from 1 down to 0", function()
    local a, b = fm.linspace(0, 40, 50):reshape(50, 1), fm.linspace(0, 1e4, 30):reshape(30, 1)
    check(a, b, { 1e-3, 1, 1e3, 1e6 }, 1e-13)
    assert.equal(0, metrics.mmd(a, a + 1e-3, { bandwidths = { 1e9 } }))
  end)

  it("of a sample against its copy is that against itself", function()
    local a = rng:normal(300, 2)
    assert.near(0, metrics.energy_distance(a, a:clone()), 1e-14)
    assert.near(0, metrics.mmd(a, a:clone()), 1e-14)
    assert.equal(metrics.energy_distance(a, a + 1), metrics.energy_distance(a:clone(), a + 1))
  end)

  it("are not a number where a row is none", function()
    local a = rng:normal(5, 2)
    for _, name in ipairs { "energy_distance", "mmd", "kid" } do
      local value = metrics[name](a, a / 0 - a / 0)
      assert.truthy(value ~= value, name)
    end
  end)
end)
