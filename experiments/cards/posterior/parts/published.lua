-- The card of the experiment: C2ST of posteriors learned from 10,000 simulations in one round. The
-- published numbers are the column C2ST_Z of benchmarking_sbi_023/results/re-sbibm_sbi_023.csv in
-- github.com/sbi-benchmark/results (commit 8693d6d), mean and deviation over the ten rows with the
-- algorithm NPE and 10000 simulations of each task: a neural spline flow in sbi 0.23. Its authors
-- made it as a rerun of Lueckmann et al. 2021. Its column C2ST, where the classifier sees numbers
-- that are not scaled, has 0.578, 0.563, 0.563, 0.897.
--
-- Wildberger et al. 2023 show FMPE on these tasks as a figure without numbers, so it has no row.
local tasks <const> = {
  { "two_moons", 0.611, 0.045 }, { "gaussian_mixture", 0.628, 0.045 }, { "gaussian_linear", 0.550, 0.021 }, { "slcp", 0.899, 0.035 },
}

local folder <const> = (...):gsub("parts%.published$", "")

local card <const> = {
  title = "Posteriors from 10,000 simulations: two moons, Gaussian mixture, Gaussian linear, SLCP",
  source = "Rerun of Lueckmann et al. 2021 with sbi 0.23: NPE, re-sbibm_sbi_023.csv of sbi-benchmark/results, column C2ST_Z",
  seeds = 5,
  data = function(rng)
    local list = {}
    for i, row in ipairs(tasks) do
      local task = require(folder .. row[1])
      list[i] = task.simulate(task.prior(1000, rng), rng)
    end
    return table.unpack(list)
  end,
  protocol = {
    { "metric", "C2ST, the accuracy of a classifier that tells learned from exact draws, held out in 5 folds; mean over 10 observations" },
    { "test points", "10,000 learned and 10,000 exact draws for each observation" },
    { "solver", "dopri5, tolerances 1e-4" },
    { "evaluations", "as many as dopri5 takes for 5,000 draws together: nfe in each run" },
    { "batch", "256 simulations" },
    { "training", "10,000 simulations; 20,000 steps of Adam, 4e-3 along half a cosine, EMA 0.999, density of t as t^2, width 64" },
    { "reference set", "the exact posterior, sampled by a closed form or by rejection, at the ten observations of sbibm 1.1.0" },
    { "outside of the prior", "draws outside of the prior's box are drawn again; results have their share as `outside`" },
    { "published error bar", "deviation over the 10 observations, with one network each; here one network serves all 10, and a seed gives their mean" },
    { "differs", "the published classifier has ReLU and is trained until its loss stands still; this one, of the same size (10 D units in two "
      .. "layers), has SiLU, and 6,000 steps on batches of 256 at a rate that falls from 0.005" },
    { "settings", "chosen on four observations each of two moons and SLCP with seed 1: width, rate, steps and the density of t" },
  },
  results = { { "c2st", "C2ST", floor = "c2st_floor" } }, rows = {},
}
for i, row in ipairs(tasks) do card.rows[i] = { row[1], { task = row[1] }, c2st = { row[2], row[3] } } end
return card
