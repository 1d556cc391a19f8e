-- binomial(hits, n) -> the ends of the 95 % interval of a share of which hits of n were seen: the
-- one of Wilson 1927 (J. Am. Stat. Assoc. 22, 209), which neither leaves 0 to 1 nor shrinks to a
-- point at its ends, as the mean ± deviations of a share does (Brown, Cai and DasGupta 2001).
local z <const> = 1.959963984540054 -- a normal stays within ± z with a probability of 95 %

return function(hits, n)
  local share <const>, scale <const> = hits / n, 1 + z * z / n
  local middle <const> = (share + z * z / (2 * n)) / scale
  local half <const> = z / scale * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
  return hits == 0 and 0.0 or middle - half, hits == n and 1.0 or middle + half
end
