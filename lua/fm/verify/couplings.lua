-- Couplings and distances of samples where the best pairs are known: a map that is the slope of a
-- convex function pairs every sample optimally with its own image, in any dimension and for any
-- number of points (Brenier; Rockafellar for the finite case).
local fm <const> = require "fm"

local flow <const>, metrics <const> = fm.flow, fm.metrics
local n <const> = 600

-- x -> A x + b with A symmetric and positive.
local function image(x)
  return x:matmul(fm.tensor { { 1.4, 0.5 }, { 0.5, 0.8 } }) + fm.tensor { 2, -1 }
end

local function pairs_found(case)
  local x0 = case.rng:normal(n, 2)
  local x1 = image(x0):index_select(case.rng:permutation(n), 1)
  local y0, y1 = flow.coupling "ot"(x0, x1)
  case:row("ot finds the shuffled images", case.apart(image(y0), y1), 100 * case.rounding, "rounding: the pairs are the right ones")
  local labels = case.rng:integers(n, 1, 3)
  local z0, z1, kept = flow.coupling "conditional_ot"(x0, image(x0), labels)
  case:row("conditional_ot finds images by label", case.apart(image(z0), z1), 100 * case.rounding,
    "rounding: row i of x0 brings the label of row i")
  case:row("conditional_ot keeps labels", case.apart(kept, labels), 0, "exact")
  return x0, x1
end

local function distances(case, x0, x1)
  local moved = image(x0) - x0
  local square = moved:square():sum(2):mean():item()
  case:row("wasserstein2 to the image", math.abs(metrics.wasserstein2(x0, x1) - math.sqrt(square)), 200 * case.rounding, "200 roundings of numbers up to 4")
  local a = x0:slice { axis = 2, first = 1, last = 1 }
  local b = a * 1.7 + 0.3 -- on a line the order pairs best
  local want = (b - a):abs():mean():item()
  case:row("wasserstein1 on a line", math.abs(metrics.wasserstein1(a, b) - want), 200 * case.rounding, "200 roundings")
  local shift = fm.tensor { 3, -4 }
  local axes <const> = fm.eye(2)
  case:row("sliced_wasserstein2 of a shift", math.abs(metrics.sliced_wasserstein2(x0, x0 + shift, { directions = axes }) - math.sqrt(12.5)),
    200 * case.rounding, "200 roundings")
  case:row("frechet_distance of a shift", math.abs(metrics.frechet_distance(x0, x0 + shift) - 25), 2000 * case.rounding, "200 roundings of 25")
end

-- Between N(0, p) and N(0, q) the entropic plan is normal; its covariance c solves c^2 + c reg / 2
-- = p q. Here p and q are those of the samples, 40 times.
local function entropic(case)
  local reg <const>, rows <const> = 0.5, 400
  local off, sums = {}, 0
  for i = 1, 40 do
    local x0, x1 = case.rng:normal(rows, 1), case.rng:normal(rows, 1) * 0.7
    x0, x1 = x0 - x0:mean(), x1 - x1:mean()
    local plan = flow.transport_plan(x0, x1, { reg = reg, tolerance = 1e-7 })
    local pq = x0:square():mean():item() * x1:square():mean():item()
    local c = math.sqrt(reg * reg / 16 + pq) - reg / 4
    off[i] = (plan * x0:matmul(x1:transpose { axes = { 2, 1 } })):sum():item() - c
    sums = math.max(sums, case.apart(plan:sum(2), 1 / rows), case.apart(plan:sum(1), 1 / rows))
  end
  case:mean("entropic plan of normals, covariance", off, 0, 1 / rows, "1 / n for the shape of the samples")
  case:row("entropic plan, rows and columns", sums, 1e-7 + case.rounding, "the tolerance, 1e-7")
end

-- Statistics of 200 draws of 400 against their means.
local function statistics(case)
  local d <const>, s <const>, m <const> = 1.5, 0.8, 400
  local energy, kernel, frechet = {}, {}, {}
  for i = 1, 200 do
    local a, b = case.rng:normal(m, 1), case.rng:normal(m, 1) * d
    energy[i] = metrics.energy_distance(a, b)
    kernel[i] = metrics.mmd(a, b, { bandwidths = { s }, unbiased = true })
    frechet[i] = metrics.frechet_distance(a, b)
  end
  local same = (1 - 1 / m) * math.sqrt(4 / math.pi) -- the pairs of a point with itself count
  case:mean("energy_distance of normals", energy, 2 * math.sqrt(2 * (1 + d * d) / math.pi) - same * (1 + d))
  local function alike(variance) return s / math.sqrt(s * s + variance) end
  case:mean("mmd of normals", kernel, alike(2) + alike(2 * d * d) - 2 * alike(1 + d * d))
  local off = (1 + d * d) / m -- how far the squares of means and deviations of samples are off together
  case:mean("frechet_distance of normals", frechet, (d - 1) ^ 2 + off, off, "the bias by the samples' deviations")
end

return {
  about = "couplings and distances of samples whose best pairs are known; statistics of normals",
  seconds = 3,
  run = function(case)
    distances(case, pairs_found(case))
    entropic(case)
    statistics(case)
  end,
}
