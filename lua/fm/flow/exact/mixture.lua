-- mixture{means = K rows of D numbers, std, weights, path}: the exact flow from N(0, I) to a mixture of Gaussians along a path.
-- std: a number, K numbers, or K rows of D; weights: K numbers (all equal). At time t component k is N(a m_k, a^2 std_k^2 + s^2), and the
-- velocity is the mean of the components' velocities under the posterior of the component given x.
--   flow(x, t), flow:velocity(x, t), flow:score(x, t) -> [B, D]
--   flow:log_prob(x [, t = 1]) -> [B]      flow:sample(n, rng) -> [n, D], at t = 1
local fm <const> = require "fm"
local options <const> = require "fm.options"
local paths <const> = require "fm.flow.path"

local Mixture <const> = {}
Mixture.__index = Mixture

-- A coefficient at t: a number, or [B, 1, 1] for times [B].
local function over_rows(c)
  return type(c) == "number" and c or c:reshape(-1, 1, 1)
end

-- a, s, da, ds at t; where the slope of s has no bound (t = 1 of some paths) a little before it.
local function coefficients(path, t)
  local a, s, da, ds = path:coefficients(t)
  if type(t) == "number" and math.abs(ds) == math.huge then a, s, da, ds = path:coefficients(t - 1e-7) end
  return over_rows(a), over_rows(s), over_rows(da), over_rows(ds)
end

-- At (x, t), all [B or 1, K, D]: the coefficients, the components' variances, the distances to their middles; and [B, K]:
-- log (weight density).
local function components(self, x, t)
  if x:rank() ~= 2 or x:size(2) ~= self.dim then
    fm.fail(("exact: x is [%s], expected [B, %d]"):format(table.concat(x:shape(), ", "), self.dim))
  end
  local c = { coefficients(self.path, t) }
  local a, s = c[1], c[2]
  local variance = self.variances * (a * a) + s * s
  local off = x:reshape(-1, 1, self.dim) - self.means * a
  local log_density = (off * off / variance + variance:log()):sum(3) * -0.5 - self.dim / 2 * math.log(2 * math.pi)
  return c, variance, off, log_density + self.log_weights
end

-- The mean of values [B, K, D] under the posterior of the component.
local function expected(values, log_density)
  local k = log_density:size(2)
  return (values * log_density:softmax(2):reshape(-1, k, 1)):sum(2)
end

function Mixture:velocity(x, t)
  local c, variance, off, log_density = components(self, x, t)
  local a, s, da, ds = table.unpack(c)
  return expected((self.variances * (a * da) + s * ds) / variance * off + self.means * da, log_density)
end

function Mixture:score(x, t)
  local _, variance, off, log_density = components(self, x, t)
  return expected(-off / variance, log_density)
end

function Mixture:log_prob(x, t)
  local _, _, _, log_density = components(self, x, t or 1)
  return log_density:logsumexp(2)
end

function Mixture:sample(n, rng)
  local pick = rng:uniform(n):reshape(n, 1)
  local which, below = fm.ones(n), 0
  for k = 1, #self.weights - 1 do
    below = below + self.weights[k]
    which = which + ((pick - below) * 1e30):clamp(0, 1):reshape(n)
  end
  which = which:detach()
  local a, s = self.path:coefficients(1)
  local row = { self.means:size(2), self.dim }
  local std = (self.variances * (a * a) + s * s):sqrt():reshape(row)
  return std:embedding(which) * rng:normal(n, self.dim) + self.means:reshape(row):embedding(which) * a
end

Mixture.__call = Mixture.velocity

-- K rows of D from a number, K numbers, or K rows.
local function rows_of(name, given, k, dim)
  local t = fm.is_tensor(given) and given or fm.tensor(given)
  if t:rank() == 1 then t = t:reshape(-1, 1) end
  local ok = t:rank() == 0 or t:rank() == 2 and (#t == k or #t == 1) and (t:size(2) == dim or t:size(2) == 1)
  if not ok then fm.fail(("exact.mixture: %s is [%s], expected [%d, %d]"):format(name, table.concat(t:shape(), ", "), k, dim)) end
  return (fm.zeros(k, dim) + t):reshape(1, k, dim)
end

local function normalized(weights, k)
  weights = weights or {}
  local sum, result = 0, {}
  for i = 1, k do
    local w = weights[i] or #weights == 0 and 1 or 0
    sum = sum + options.number(("exact.mixture: weights[%d]"):format(i), w, 0, math.huge)
    result[i] = w
  end
  if not (sum > 0 and #weights <= k) then fm.fail(("exact.mixture: weights: expected %d numbers, not all 0"):format(k)) end
  for i = 1, k do result[i] = result[i] / sum end
  return result
end

return function(given)
  local o = options.read("exact.mixture", given, { means = options.none, std = 1, weights = options.none, path = "linear" })
  if not o.means then fm.fail "exact.mixture: means are missing" end
  local means = fm.is_tensor(o.means) and o.means or fm.tensor(o.means)
  if means:rank() ~= 2 then fm.fail(("exact.mixture: means are [%s], expected [K, D]"):format(table.concat(means:shape(), ", "))) end
  local k, dim = #means, means:size(2)
  local std = rows_of("std", o.std, k, dim)
  if not (std:min():item() > 0) then fm.fail "exact.mixture: std: expected numbers above 0" end
  local weights = normalized(o.weights, k)
  return setmetatable({ dim = dim, path = paths.named(o.path), means = means:reshape(1, k, dim), variances = std * std, weights = weights,
    log_weights = fm.tensor(weights):log():reshape(1, k) }, Mixture)
end
