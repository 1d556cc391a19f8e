-- Gaussian mixture: a point in the plane, seen through noise that is wide or narrow, each with
-- probability 1/2. Sisson et al. 2007; Lueckmann et al. 2021, task T.7, as sbibm has it since
-- 1.1.0. The posterior is the same mixture around the observation, within the box.
local function seen(theta, rng)
  return theta + rng:normal(#theta, 2) * (rng:integers(#theta, 0, 1) * 0.9 + 0.1):reshape(-1, 1)
end

return {
  box = { -10, 10 },
  prior = function(n, rng) return rng:uniform(n, 2) * 20 - 10 end,
  simulate = seen,
  propose = function(n, x, rng) return seen(x:reshape(1, 2):index_select(rng:integers(n, 1, 1), { axis = 1 }), rng) end,
  -- the ten observations of sbibm 1.1.0, from its observation.csv files
  observed = {
    { -9.472713, -1.4950509 }, { -2.940192, -8.682056 }, { 7.1683364, -3.0470583 }, { -8.047317, -0.021793246 }, { 8.879822, 8.088118 },
    { -4.697014, -0.3752453 }, { -6.806304, 7.828203 }, { -8.022675, 5.017334 }, { 6.521385, 0.2811075 }, { 8.4677, -9.219099 },
  },
}
