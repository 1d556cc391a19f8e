-- total_variation(case, cell, name, want, own, why): a row for cells [n] of 1 .. #want, whose
-- shares are to be `want`. The error is half the sum of |share - p|; n draws exceed the bound once
-- in a million. `own` is added to the bound, because of `why`.
return function(case, cell, name, want, own, why)
  local n, off, chance = #cell, 0, 0
  for i, p in ipairs(want) do
    off, chance = off + math.abs(cell:eq(i):sum():item() / n - p) / 2, chance + math.sqrt(p * (1 - p) / n) / 2
  end
  case:row(name, off, chance + math.sqrt(7 / n) + own, ("its mean for %d draws, what one in a million is above it, and %s"):format(n, why))
end
