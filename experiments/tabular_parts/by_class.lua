-- by_class(make, units, part, classes): a density for each class, or one for all rows without
-- classes. It is made of the rows of a part (see tables.lua) in standard units, by make(z [N, D],
-- the name of the class), and used as a flow of table_flow.lua is, in the units of the table.
local fm <const> = require "fm"

return function(make, units, part, classes)
  local z, list = units(part.x), {}
  local order, counts = part.labels:argsort(), {} -- the rows of a class stand together
  for k = 1, classes and #classes or 1 do
    counts[k] = part.labels:eq(k):sum():item() // 1 | 0
    if counts[k] < 2 then
      fm.fail(("%s: expected at least two rows to learn from, found %d: another seed parts the rows otherwise"):format(classes[k], counts[k]))
    end
  end
  local first = 1
  for k, count in ipairs(counts) do
    list[k] = make(z:index_select(order[{ first, first + count - 1 }], 1), classes and classes[k])
    first = first + count
  end

  --- f(density) for the rows of each class, put together.
  local function each(labels, f)
    local sum = 0
    for k, density in ipairs(list) do
      local values, here = f(density), labels:eq(k)
      sum = here:reshape(values:rank() == 2 and { -1, 1 } or { -1 }):where(values, 0) + sum
    end
    return sum
  end
  return {
    densities = list,
    log_prob = function(_, x, labels)
      local at = units(x)
      return each(labels, function(density) return density.log_prob(at) end) + units:log_det()
    end,
    sample = function(_, labels, rng) return units:inverse(each(labels, function(density) return density.sample(#labels, rng) end)) end,
  }
end
