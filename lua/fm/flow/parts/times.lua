-- How the times of a batch are drawn: rng, B -> [B] in 0..1, without 1 itself.
local fm <const> = require "fm"

-- Rounding may bring a number that is below 1 to it.
local below_one <const> = 1 - (fm.real == "double" and 2.0 ^ -53 or 2.0 ^ -24)

return {
  uniform = function(rng, n) return rng:uniform(n) end,
  -- more often in the middle: the logistic of a normal number. Esser et al. 2024, section 3.1
  logit_normal = function(rng, n) return rng:normal(n):sigmoid():clamp(0, below_one) end,
  -- one in each n-th of 0..1, in random order of rows: less spread of the loss
  stratified = function(rng, n) return ((rng:permutation(n) - rng:uniform(n)) / n):clamp(0, below_one) end,
}
