-- A mean over seeds and half of its 95 % interval as a text, the interval with two digits that
-- count, and none when it is below 1e-4 of the mean: "0.139 ± 0.012". What only some of the runs
-- have says so: "(4 of 5)".
return function(found, scale)
  if not found.mean then return found.text or "–" end
  scale = scale or 1
  local mean, half = found.mean * scale, (found.half or 0) * scale
  local text = ("%.4g"):format(mean)
  if half > 1e-4 * math.abs(mean) then
    local decimals = math.max(0, 1 - math.floor(math.log(half, 10)))
    text = ("%%.%df ± %%.%df"):format(decimals, decimals):format(mean, half)
  end
  if found.runs and found.n < found.runs then text = ("%s (%d of %d)"):format(text, found.n, found.runs) end
  return text
end
