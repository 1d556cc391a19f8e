-- What a learned posterior is worth.
--   compare(run, p, task, post, observed, reference)   with the exact posteriors of observations
--   calibrate(run, p, task, post)                      ranks of the parameters of new simulations
local fm <const> = require "fm"
local exact <const> = require((...):gsub("measured$", "exact"))
local metrics, plot = fm.metrics, fm.plot

local measured <const> = {}

local function mean(list) return fm.tensor(list):mean():item() end

-- C2ST of draws for each observation, against the exact posterior and against the reference draws;
-- two exact samples are the floor. The classifier has 10 units a parameter in each of two layers,
-- as that of Lueckmann et al. 2021; more steps than usual, since it is to see small differences.
function measured.compare(run, p, task, post, observed, reference)
  local width = 10 * post.size
  local function c2st(a, b) return metrics.c2st(a, b, { rng = run.rng:stream "c2st", hidden = { width, width }, steps = p.classifier, lr = 0.005 }) end
  local got, rng, points = { c2st = {}, c2st_floor = {}, c2st_reference = {}, outside = {} }, run.rng:stream "compare", { {}, {} }
  for i = 1, #observed do
    local draws, outside = post:sample(observed:embedding(fm.full(p.samples, i)), rng)
    local truth = task.propose and exact(task, observed[i], p.samples, rng)
    got.outside[i], got.c2st[i] = outside, truth and c2st(draws, truth) or nil
    got.c2st_floor[i] = i <= 2 and truth and c2st(exact(task, observed[i], p.samples, rng), truth) or nil
    got.c2st_reference[i] = reference[i] and c2st(draws, reference[i])
    for k, x in ipairs(i <= 5 and { draws, truth or nil } or {}) do
      points[k][i] = x[{ { 1, math.min(p.samples, 1000) } }]:index_select(fm.tensor(task.shown or { 1, 2 }), { axis = 2 })
    end
  end
  for name, list in pairs(got) do
    if #list > 0 then run:summary { [name] = mean(list) } end
  end
  run:summary { nfe = post.evaluations / post.solves }
  if task.propose then run:summary { c2st_worst = fm.tensor(got.c2st):max():item() } end
  local columns, titles, axes = #points[1], {}, task.shown or { 1, 2 }
  local strip = table.move(points[2], 1, #points[2], columns + 1, points[1])
  for i = 1, #strip do titles[i] = (i <= columns and "learned, x%d" or "exact, x%d"):format((i - 1) % columns + 1) end
  run:picture("posteriors", plot.filmstrip(strip, { titles = titles, columns = columns, title = "Draws of p(parameters | x)",
    xlabel = ("parameter %d"):format(axes[1]), ylabel = ("parameter %d"):format(axes[2]) }))
end

-- Ranks of the parameters of new simulations among draws for their observations; the log-density.
function measured.calibrate(run, p, task, post)
  local rng = run.rng:stream "calibrate"
  local theta = task.prior(p.tests, rng)
  local x = task.simulate(theta, rng)
  local rows = (fm.range(1, p.tests):reshape(-1, 1) + fm.zeros(p.tests, p.draws)):reshape(-1)
  local draws, outside = post:sample(x:embedding(rows), rng)
  local ranks = metrics.ranks(draws:reshape(p.tests, p.draws, -1), theta)
  local names = {}
  for k = 1, theta:size(2) do names[k] = ("parameter %d"):format(k) end
  local floor = task.log_posterior and -task.log_posterior(theta, x):mean():item()
  run:summary { nll = -post:log_prob(theta, x):mean():item(), nll_floor = floor, outside_tests = outside, clamped = post.clamped,
    coverage_50 = metrics.coverage(ranks, p.draws, { level = 0.5 }), coverage_90 = metrics.coverage(ranks, p.draws) }
  run:picture("calibration", plot.rank_histogram(ranks, p.draws, { title = ("Calibration: %s"):format(p.task), names = names }))
end

return measured
