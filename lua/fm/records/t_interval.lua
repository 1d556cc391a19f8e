-- The 95 % interval of a mean over seeds, by Student's t: few seeds make it wide.
local seeds <const> = require "fm.records.seeds"

local t_interval <const> = {}

--- The probability that |t| is below `t` with n degrees of freedom, a whole number: a finite sum
--- (Abramowitz and Stegun 26.7.3 and 26.7.4).
local function probability(t, n)
  local angle = math.atan(t / math.sqrt(n))
  local s, c = math.sin(angle), math.cos(angle)
  local odd = n % 2 == 1
  local term, sum = odd and c or 1.0, 0.0
  for k = odd and 3 or 2, n, 2 do
    sum, term = sum + term, term * c * c * (k - 1) / k
  end
  return odd and (angle + s * sum) * 2 / math.pi or s * sum
end

--- The t that |t| stays below with this probability.
function t_interval.quantile(level, n)
  local low, high = 0.0, 1.0
  while probability(high, n) < level do high = high * 2 end
  for _ = 1, 80 do
    local middle = (low + high) / 2
    if probability(middle, n) < level then low = middle else high = middle end
  end
  return (low + high) / 2
end

local quantiles <const> = {}

--- Of a list of numbers, without those that are not finite: { mean, deviation, half (of the
--- interval's width), n }; deviation and half are nil for one number, all but n for none.
function t_interval.of(values)
  local mean, deviation, n = seeds.spread(values)
  if not deviation then return { mean = mean, n = n } end
  quantiles[n] = quantiles[n] or t_interval.quantile(0.95, n - 1)
  return { mean = mean, deviation = deviation, half = quantiles[n] * deviation / math.sqrt(n), n = n }
end

return t_interval
