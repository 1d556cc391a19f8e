-- mixture{means = K rows of D numbers, std, weights, path}: the exact flow along a path whose data
-- are a mixture of Gaussians. std: a number, K numbers, or K rows of D; weights: K numbers (all
-- equal). At time t component k is N(a m_k, a^2 std_k^2 + s^2), and the velocity is the mean of the
-- components' velocities under the posterior of the component given x. At t = 0 that is the path's
-- source where a(0) = 0; ve starts as the data with noise of sigma_max around them.
--   flow(x, t), flow:velocity(x, t), flow:score(x, t) -> [B, D], t a number or [B]
--   flow:log_prob(x [, t = 1]) -> [B]      flow:sample(n, rng [, t = 1]) -> [n, D]
--                                          flow:source_log_prob(x0), at t = 0
local options <const> = require "fm.parts.options"
local mixture <const> = require "fm.flow.exact.parts.mixture"

return function(given, ...)
  options.no_more("exact.mixture", 1, ...)
  return mixture("exact.mixture", options.read("exact.mixture", given, { means = options.none, std = 1, weights = options.none, path = "linear" }))
end
