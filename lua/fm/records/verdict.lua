-- Whether a published number was reproduced. Two closed intervals are compared: the published one,
-- value ± error (a point when no error was published), and the measured one, the mean ± half of
-- its 95 % interval over seeds.
--   reproduced       they have a point in common: "mean inside the error bar", or else "intervals
--                    overlap"
--   too uncertain    they have one, but the measured interval is so wide that this says little: its
--                    half is more than twice the published error, and than half of the value
--   better           they have none, and the measured one lies on the good side
--   not reproduced   they have none, and it lies on the other side; nor is a result reproduced that
--                    is not finite for some seed
-- One seed has no interval, and no verdict. Ends that touch have a point in common. Sums of
-- decimals are rounded, so ends that differ by less than a billionth of the numbers touch.
local rounding <const> = 1e-9

--- measured: of fm.records.t_interval. published: { value, error }. better: "lower" or "higher".
--- Returns the verdict (nil of one seed), and why.
return function(measured, published, better)
  if not measured.mean then return "not reproduced", "no finite result" end
  if not measured.half then return nil, "one seed has no interval" end
  local value, deviation, half = published[1], published[2] or 0.0, measured.half
  local slack = rounding * math.max(math.abs(value), math.abs(measured.mean), deviation, half)
  local distance = math.abs(measured.mean - value) - slack
  if distance > deviation + half then
    if (measured.mean < value) == (better == "lower") then return "better", "the intervals are apart" end
    return "not reproduced", "the intervals are apart"
  end
  if half - slack > math.max(2 * deviation, math.abs(value) / 2) then return "too uncertain", "the measured interval is too wide" end
  if distance > deviation then return "reproduced", "intervals overlap" end
  return "reproduced", deviation > 0 and "mean inside the error bar" or "the published number"
end
