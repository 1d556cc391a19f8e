-- Whether a published number was reproduced. Two closed intervals are compared: the published one,
-- value ± error (a point when no error was published), and the measured one, the mean ± half of
-- its 95 % interval over seeds (a point for one seed).
--   reproduced       they have a point in common: "mean inside the error bar", or else "intervals
--                    overlap"
--   better           they have none, and the measured one lies on the good side
--   not reproduced   they have none, and it lies on the other side; nor is a result reproduced that
--                    is not finite for some seed
-- Ends that touch have a point in common. Sums of decimals are rounded, so ends that differ by less
-- than a billionth of the numbers touch.
local rounding <const> = 1e-9

--- measured: of fm.records.t_interval. published: { value, error }. better: "lower" or "higher".
--- Returns the verdict, and why.
return function(measured, published, better)
  if not measured.mean then return "not reproduced", "no finite result" end
  local value, deviation, half = published[1], published[2] or 0.0, measured.half or 0.0
  local slack = rounding * math.max(math.abs(value), math.abs(measured.mean), deviation, half)
  local distance = math.abs(measured.mean - value) - slack
  if distance <= deviation then return "reproduced", deviation > 0 and "mean inside the error bar" or "the published number" end
  if distance <= deviation + half then return "reproduced", "intervals overlap" end
  local is_lower = measured.mean < value
  if is_lower == (better == "lower") then return "better", "the intervals are apart" end
  return "not reproduced", "the intervals are apart"
end
