-- along(f, x, directions) -> y, { dy, ... }: f(x), and its derivative along each direction, a
-- tensor shaped as x. One pass serves several directions at once: f itself is computed once for
-- all of them. While a tape records, all is recorded, as by fm.jvp. f returns one tensor, and is
-- called again for more directions than go at once.
local core <const> = require "fm.core"

--- How many directions go at once: half of the levels that are free, as f may take derivatives
--- itself.
local function at_once()
  return math.max(core.free_levels() // 2, 1)
end

-- The levels of directions first to last; all close when the first error or the end comes.
local function pass(f, x, directions, first, last, found)
  local levels <close> = setmetatable({}, { __close = function(all)
    for i = #all, 1, -1 do all[i]:close() end
  end })
  local given = x
  for i = first, last do
    levels[#levels + 1] = core.level(levels[1])
    given = levels[#levels]:carry(given, directions[i])
  end
  local y = f(given)
  for i, level in ipairs(levels) do
    found[first + i - 1] = level:tangent(y) or core.zeros(y:shape())
    level:drop(y)
  end
  return y
end

return function(f, x, directions)
  local found, y, most = {}, nil, at_once()
  for first = 1, #directions, most do
    y = pass(f, x, directions, first, math.min(first + most - 1, #directions), found)
  end
  return y, found
end
