-- coverage(ranks [n, D], draws, {level}) -> share, shares [D]: how often the truth lies in the
-- central interval of the draws that should hold it with probability `level` (0.9), by the ranks of
-- metrics.ranks among so many draws. When a rank is half in the interval, half of it counts, so a
-- calibrated posterior has exactly `level` in the mean, for any number of draws.
local fm <const> = require "fm.core"
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"

local where <const> = "coverage"

return { of = function(ranks, draws, given, ...)
  options.no_more(where, 3, ...)
  local o = options.read(where, given, { level = 0.9 })
  ranks = samples.one(where, "ranks", ranks)
  if ranks:rank() ~= 2 then fm.fail(("%s: ranks: expected a tensor [n, D], found %s"):format(where, options.shown(ranks))) end
  options.turns(where .. ": draws", draws)
  options.part(where .. ": level", o.level)
  if not (ranks:min():item() >= 0 and ranks:max():item() <= draws) then
    fm.fail(("%s: ranks: expected numbers in 0..%d, the number of draws"):format(where, draws))
  end
  -- rank r stands for the part r .. r + 1 of 0 .. draws + 1; what of it lies within the interval
  local half = o.level * (draws + 1) / 2
  local low, high = (draws + 1) / 2 - half, (draws + 1) / 2 + half
  local inside = ((ranks + 1):minimum(high) - ranks:maximum(low)):clamp { min = 0, max = 1 }
  local shares = inside:mean(1)
  return shares:mean():item(), shares
end }
