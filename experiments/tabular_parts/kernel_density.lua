-- kernel_density(x [N, D]): a Gaussian of deviation h around each row of x, so columns should have
-- about the same scale. Of 60 values h is the one under which the rows are most likely, each by the
-- density of the others. Duin 1976.
--   log_prob(x [n, D]) -> [n]   in nats       sample(n, rng) -> [n, D]       width: h
local fm <const> = require "fm"

local least <const>, most <const>, tries <const> = 0.05, 2, 60 -- of h; columns have deviations near 1
local rows_at_once <const> = 500

--- Squared distances of the rows of a and b, [n, N].
local function squares(a, b)
  local sum = 0
  for k = 1, a:size(2) do sum = (a[{ {}, { k, k } }] - b[{ {}, { k, k } }]:reshape(1, -1)):square() + sum end
  return sum
end

local function log_kernel(h, D) return -D * math.log(h) - D / 2 * math.log(2 * math.pi) end

--- The mean log-density of each row by the others, less what is the same for all h.
local function left_out(apart, h, D)
  local scope <close> = fm.scope()
  return (apart * (-0.5 / h ^ 2)):logsumexp(2):mean():item() - D * math.log(h)
end

local function width_of(x)
  local scope <close> = fm.scope()
  local apart, best, width = squares(x, x) + fm.eye(#x) * 1e9, -math.huge, nil
  for i = 0, tries - 1 do
    local h = least * (most / least) ^ (i / (tries - 1))
    local value = left_out(apart, h, x:size(2))
    if value > best then best, width = value, h end
  end
  return width
end

return function(x)
  local h, N, D = width_of(x), #x, x:size(2)
  local function log_prob(y)
    local list = {}
    for first = 1, #y, rows_at_once do
      local some = y[{ first, math.min(first + rows_at_once - 1, #y) }]
      list[#list + 1] = (squares(some, x) * (-0.5 / h ^ 2)):logsumexp(2) + (log_kernel(h, D) - math.log(N))
    end
    return fm.cat(list, 1)
  end
  local function sample(n, rng) return x:index_select(rng:integers(n, 1, N), 1) + rng:normal(n, D) * h end
  return { log_prob = log_prob, sample = sample, width = h }
end
