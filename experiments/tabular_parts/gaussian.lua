-- gaussian(x [N, D], class): the Gaussian of the greatest likelihood, with its mean and its
-- covariance (N as the divisor). class: what the rows are called in an error, if at all.
--   log_prob(x [n, D]) -> [n]   in nats       sample(n, rng) -> [n, D]
local fm <const> = require "fm"

--- The lower triangle L of a symmetric matrix, L L^T = a, as rows in Lua.
local function cholesky(a, class)
  local L = {}
  for i = 1, #a do
    L[i] = {}
    for k = 1, i do
      local rest = a[i][k]
      for m = 1, k - 1 do rest = rest - L[i][m] * L[k][m] end
      if k < i then
        L[i][k] = rest / L[k][k]
      elseif rest > 1e-6 * a[i][i] then
        L[i][i] = math.sqrt(rest)
      else
        fm.fail(("gaussian%s: column %d follows from those before it: their covariance has no inverse"):format(class and " of " .. class or "", i))
      end
    end
    for k = i + 1, #a do L[i][k] = 0.0 end
  end
  return L
end

--- The inverse of a lower triangle.
local function inverse_of(L)
  local inverse = {}
  for i = 1, #L do
    inverse[i] = {}
    for k = 1, #L do
      local rest = i == k and 1.0 or 0.0
      for m = 1, i - 1 do rest = rest - L[i][m] * inverse[m][k] end
      inverse[i][k] = rest / L[i][i]
    end
  end
  return inverse
end

return function(x, class)
  local mean, D = x:mean(1), x:size(2)
  local off = x - mean
  local L = cholesky((off:transpose():matmul(off) / #x):totable(), class)
  local log_volume, triangle, inverse = 0, fm.tensor(L), fm.tensor(inverse_of(L))
  for i = 1, D do log_volume = log_volume + math.log(L[i][i]) end
  return {
    log_prob = function(y) return (y - mean):linear(inverse):square():sum(2) * -0.5 - (log_volume + D / 2 * math.log(2 * math.pi)) end,
    sample = function(n, rng) return rng:normal(n, D):linear(triangle) + mean end,
  }
end
