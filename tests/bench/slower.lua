-- slower: whether one build is slower than another, from times of both that were measured in pairs,
-- one after the other. What else the machine does changes both times of a pair alike, and little of
-- their ratio.
local slower <const> = {}

slower.least_pairs = 6 -- of fewer, no two ratios enclose the median with 95 %
slower.limit = 0.97 -- a ratio below it, of the old time over the new one, matters

local function sorted(values)
  local copy = table.move(values, 1, #values, 1, {})
  table.sort(copy)
  return copy
end

--- The median of a list.
function slower.median(values)
  local s, n = sorted(values), #values
  return (s[(n + 1) // 2] + s[n // 2 + 1]) / 2
end

--- How many of n ratios on each side the interval leaves out: the true median lies between the
--- (k + 1)th smallest and the (k + 1)th largest unless at most k of them fell on one side of it,
--- which is as rare as at most k heads of n coins. Nothing is assumed of the noise (sign test).
local function left_out(n)
  local below, chance, k = 0.0, 0.5 ^ n, 0
  while below + chance <= 0.025 do
    below, chance, k = below + chance, chance * (n - k) / (k + 1), k + 1
  end
  return k - 1
end

--- Lists of times of the older and the newer build, pair by pair: { ratio (the median of old / new:
--- above 1 the newer build is faster), low, high (its interval of 95 %), slower (whether the ratio
--- is below 0.97 and its interval below 1) }.
function slower.judge(old, new)
  assert(#old == #new and #old >= slower.least_pairs, "judge: expected as many times of both, and 6 or more")
  local ratios = {}
  for i, time in ipairs(old) do ratios[i] = time / new[i] end
  local k, s = left_out(#ratios), sorted(ratios)
  local found = { ratio = slower.median(ratios), low = s[k + 1], high = s[#s - k] }
  found.slower = found.ratio < slower.limit and found.high < 1
  return found
end

return slower
