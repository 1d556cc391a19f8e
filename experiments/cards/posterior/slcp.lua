-- SLCP, a simple likelihood with a complex posterior: four points of a normal in the plane. Its
-- mean is (theta 1, theta 2), its deviations s1, s2 are the squares of theta 3 and 4, and its
-- correlation r is the tanh of theta 5. Papamakarios et al. 2019; Lueckmann et al. 2021, task T.3.
--
-- The posterior is sampled exactly, by rejection. Let A be the scatter of the points around their
-- mean. In terms of s1, the slope b = r s2 / s1 and the deviation t = s2 sqrt(1 - r^2) of the
-- second coordinate around the line of this slope, the likelihood is a product, and the flat prior
-- is s1^1/2 s2^-1/2 / t. With t^-1/2 in place of s2^-1/2, 1 / s1^2 is Gamma(3/4, A11 / 2), 1 / t^2
-- is Gamma(5/4, (A22 - A12^2 / A11) / 2), b is N(A12 / A11, t^2 / A11), all independent but for the
-- last. Such a proposal is kept with probability (t / s2)^1/2. Given these, (theta 1, theta 2) is
-- normal around the mean of the points, with a quarter of the covariance.
local fm <const> = require "fm"

-- n numbers of Gamma(shape >= 1, 1), and 1 for those that may be kept. Marsaglia and Tsang 2000.
local function gamma(shape, n, rng)
  local d, z = shape - 1 / 3, rng:normal(n)
  local v = (z / (9 * d) ^ 0.5 + 1):maximum(1e-4)
  v = v * v:square()
  return v * d, rng:uniform(n):log():le(z:square() / 2 + d - v * d + v:log() * d) * v:gt(1e-12)
end

-- Points of the normal, from normal numbers u and v: s2 u r + t v.
local function points(a, b, s1, s2, r, u, v)
  return a + s1 * u, b + s2 * (r * u + (1 - r:square()):sqrt() * v)
end

return {
  box = { -3, 3 }, shown = { 3, 4 },
  prior = function(n, rng) return rng:uniform(n, 5) * 6 - 3 end,
  simulate = function(theta, rng)
    local n, t, list = #theta, {}, {}
    for k = 1, 5 do t[k] = theta[{ {}, k }] end
    for i = 1, 7, 2 do
      list[i], list[i + 1] = points(t[1], t[2], t[3]:square(), t[4]:square(), t[5]:tanh(), rng:normal(n), rng:normal(n))
    end
    return fm.stack(list, { axis = 2 })
  end,
  propose = function(n, x, rng)
    local p = x:reshape(4, 2)
    local mean = p:mean(1)
    local scatter = (p - mean):transpose():matmul(p - mean):totable()
    local a11, a12, a22 = scatter[1][1], scatter[1][2], scatter[2][2]
    local y1, keep1 = gamma(7 / 4, n, rng) -- times u^(4/3): Gamma(3/4)
    local y2, keep2 = gamma(5 / 4, n, rng)
    local s1 = (y1 * rng:uniform(n):pow(4 / 3)):rsqrt() * (a11 / 2) ^ 0.5
    local t = y2:rsqrt() * ((a22 - a12 ^ 2 / a11) / 2) ^ 0.5
    local along = s1 * (a12 / a11 + t / a11 ^ 0.5 * rng:normal(n)) -- r s2
    local s2 = (t:square() + along:square()):sqrt()
    local r = along / s2
    local keep = keep1 * keep2 * rng:uniform(n):le((t / s2):sqrt()) * r:abs():lt(1)
    local a, b = points(mean[1], mean[2], s1 / 2, s2 / 2, r:clamp { min = -0.999999, max = 0.999999 }, rng:normal(n), rng:normal(n))
    local sign3, sign4 = rng:integers(n, 0, 1) * 2 - 1, rng:integers(n, 0, 1) * 2 - 1
    return fm.stack(a, b, s1:sqrt() * sign3, s2:sqrt() * sign4, ((1 + r) / (1 - r)):log() / 2, { axis = 2 }), keep
  end,
  -- the ten observations of sbibm 1.1.0, from its observation.csv files
  observed = {
    { 2.3718784, 0.49947417, 9.931435, 1.7136912, -10.436423, -1.9067793, -1.2343777, -0.09735 },
    { -0.66452104, -2.9279308, -16.49147, 4.06107, 4.232153, -4.652277, -4.9924355, -1.5655216 },
    { 3.5023372, 5.254722, 8.685451, 9.995327, 0.40782332, -5.7111573, 10.605566, 12.695774 },
    { -1.6371447, -0.037302777, -1.5622597, 0.031204943, -3.683134, 0.09953671, -1.7389069, 0.0309663 },
    { -8.801672, 8.726709, -10.484016, 6.857725, -6.769688, 7.574161, 3.804308, 2.7593615 },
    { 0.069512725, 4.0657325, -1.1986864, 0.94379723, -1.4434359, 0.02170819, -4.4811616, -4.26959 },
    { -3.0776706, -1.2080946, 25.778881, -2.244017, -0.77473235, -1.5114331, 5.919487, -1.6953411 },
    { 1.2463324, -2.414371, -2.9786007, -2.3214335, -17.3002, -3.298883, -13.487199, -3.023044 },
    { 4.755368, -2.3791986, 3.5834174, -1.444761, 5.063205, -3.448882, 0.56577647, 1.3524654 },
    { 1.3710914, -2.39026, 1.8363019, -2.4391632, 2.013802, -3.2097385, 2.4036794, -3.0089793 },
  },
}
