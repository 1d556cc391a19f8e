-- tr Cov[x1 | x_t]: how far the points that may have led to x_t = a x1 + s x0 lie apart, for rows
-- of x1, each one of the points, and of noise x0.
--
-- Given x_t the logarithm of the weight of point j is, up to a number for each row, -r x0 . (x1 -
-- y_j) - r^2 |x1 - y_j|^2 / 2 with r = a / s. It depends on the path and the time by r alone, and
-- is 0 for x1 itself. So the products of points and noise are made once for all times.
local fm <const> = require "fm"

local few_columns <const> = 16 -- so few are subtracted one by one, which is exact where points are close
local rounding <const> = fm.real == "double" and 2.0 ^ -50 or 2.0 ^ -21 -- of a squared distance by products, of the points' squares
local lowest <const> = -60 -- of a logit below the largest: smaller weights count for nothing, but numbers near 1e-40 are slow

local spread <const> = {}

-- Squared distances [b, M] from x1 [b, D] to y [M, D], and x0 . (x1 - y_j).
local function by_columns(x1, x0, y)
  local square, product
  for k = 1, y:size(2) do
    local function column(x) return x:slice { axis = 2, first = k, last = k } end
    local off = column(x1) - column(y):reshape(1, -1)
    local more = off * column(x0)
    square, product = square and square + off:square() or off:square(), product and product + more or more
  end
  return square, product
end

local function by_products(x1, x0, y)
  local scale = x1:square():sum { axis = 2, keep = true } + y:square():sum(2):reshape(1, -1)
  local square = (scale * (1 - rounding) - x1:linear(y) * 2):clamp { min = 0 }
  return square, (x1 * x0):sum { axis = 2, keep = true } - x0:linear(y)
end

--- What is the same at all times, for rows x1 [b, D], the points with the numbers source [b], among
--- the points y [M, D] with the numbers `number` [M]. If `others` is given, y is a part of the
--- points: it stands for so many others besides the row's own point.
function spread.pairs(x1, source, x0, y, number, others)
  local square, product = (y:size(2) <= few_columns and by_columns or by_products)(x1, x0, y)
  local own = (number:reshape(1, -1) - source:reshape(-1, 1)):abs():clamp { max = 1 } -- 0 at the source
  local same = { x1 = x1, y = y, square = square * own, product = product * own }
  if not others then return same end
  local zero = fm.zeros(#x1, 1) -- the row's own point gets a column of its own
  same.square, same.product = fm.cat({ same.square, zero }, 2), fm.cat({ same.product, zero }, 2)
  same.log_count = fm.cat({ (own - 1) * 1e30 - own:sum { axis = 2, keep = true }:log() + math.log(others), zero }, 2)
  return same
end

-- E[x1 | x_t] - x1, from weights [b, M], or [b, M + 1] with that of the row's own point.
local function mean_off(same, w)
  if not same.log_count then return w:matmul(same.y) - same.x1 end
  local m = #same.y
  local own = w:slice { axis = 2, first = m + 1, last = m + 1 }
  return w:slice { axis = 2, first = 1, last = m }:matmul(same.y) - same.x1 * (1 - own)
end

--- tr Cov[x1 | x_t] [b] at r = a / s [b, 1].
function spread.at(same, r)
  local l = (same.square * (r * 0.5) + same.product) * -r
  if same.log_count then l = l + same.log_count end
  local w = (l - l:max { axis = 2, keep = true }):clamp { min = lowest }:softmax(2)
  return ((w * same.square):sum(2) - mean_off(same, w):square():sum(2)):clamp { min = 0 }
end

return spread
