-- transport_plan(x0, x1, {reg, iterations = 1000, tolerance = 1e-9}) -> P [n, m], info: the
-- entropic plan between samples of equal weights for the cost c_ij = |x0_i - x1_j|^2, not
-- normalised: the P with sum P c + reg sum P log P least whose rows sum to 1/n and whose columns
-- sum to 1/m. Sinkhorn's iteration: rows, then columns, so the columns' sums are exact; it ends
-- when no row's sum is further than the tolerance from 1/n. info.iterations, .error (the largest
-- such distance), .cost (sum P c), .converged. A small reg loses no numbers, but may take many
-- iterations: what is returned then has its error told. Cuturi 2013; Peyre and Cuturi 2019, 4.4.
local entropic <const> = require "fm.flow.parts.entropic"
local options <const> = require "fm.parts.options"

local where <const> = "transport_plan"

return function(x0, x1, given, ...)
  options.no_more(where, 3, ...)
  local o = options.read(where, given, { reg = options.none, iterations = 1000, tolerance = 1e-9 })
  entropic.check(where, o)
  return entropic.plan(where, x0, x1, o)
end
