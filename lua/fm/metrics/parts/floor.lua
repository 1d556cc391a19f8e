-- What a metric measures between two true samples: one value, or over several draws their mean and
-- deviation.
local fm <const> = require "fm.core"
local options <const> = require "fm.parts.options"

local function mean_and_deviation(values)
  local mean, squares = 0.0, 0.0
  for _, v in ipairs(values) do mean = mean + v / #values end
  for _, v in ipairs(values) do squares = squares + (v - mean) ^ 2 end
  return mean, #values > 1 and math.sqrt(squares / (#values - 1)) or nil
end

--- f over `draws`: each draw deals the rows of a and b anew into two samples of their sizes; the
--- first draw takes a and b as they are. A deal depends only on its number, so equal samples have
--- equal floors.
local function over_draws(f, a, b, draws, rest)
  local n, total = a:size(1), a:size(1) + b:size(1)
  local pool <const>, deals <const> = fm.cat(a, b, { axis = 1 }), fm.rng(0, "floor")
  local values = { f(a, b, rest) }
  for i = 2, draws do
    local rows = pool:index_select(deals:stream("draw " .. i):permutation(total), { axis = 1 })
    values[i] = f(rows[{ 1, n }], rows[{ n + 1, total }], rest)
  end
  return mean_and_deviation(values)
end

--- The floor of a metric f(a, b, options) -> number: floor(a, b, options) is f(a, b, options). With
--- draws = n in the options it returns the mean and the sample deviation over n draws (no deviation
--- for one draw). The other options are those of f.
return function(f)
  return function(a, b, given)
    if type(given) ~= "table" or given.draws == nil then return f(a, b, given) end
    local draws = options.integer("floor: draws", given.draws, 1)
    local rest
    for name, value in pairs(given) do
      if name ~= "draws" then
        rest = rest or {}
        rest[name] = value
      end
    end
    if draws == 1 then return (f(a, b, rest)) end
    for i, x in ipairs { a, b } do
      if not fm.is_tensor(x) or x:rank() < 1 then fm.fail(("floor: argument %d: expected a tensor [N, D], found %s"):format(i, options.shown(x))) end
    end
    return over_draws(f, a, b, draws, rest)
  end
end
