-- ranks(draws [n, L, D], truth [n, D]) -> [n, D]: how many of the L draws of a row lie below the
-- truth in each number, 0..L. When a truth and its draws are from the same distribution, all L + 1
-- ranks are equally likely: simulation-based calibration, Talts et al. 2018. A draw that equals the
-- truth is not below it.
local fm <const> = require "fm.core"
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"

local where <const> = "ranks"

return { of = function(draws, truth, ...)
  options.no_more(where, 2, ...)
  draws, truth = samples.one(where, "draws", draws), samples.one(where, "truth", truth)
  local n, d = truth:size(1), truth:rank() == 2 and truth:size(2) or 0
  if d == 0 then fm.fail(("%s: truth: expected a tensor [n, D], found %s"):format(where, options.shown(truth))) end
  if draws:rank() ~= 3 or draws:size(1) ~= n or draws:size(3) ~= d then
    fm.fail(("%s: draws: expected a tensor [%d, L, %d], found %s"):format(where, n, d, options.shown(draws)))
  end
  samples.finite(where, "draws", draws)
  samples.finite(where, "truth", truth)
  return draws:lt(truth:reshape(n, 1, d)):sum(2)
end }
