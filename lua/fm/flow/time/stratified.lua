-- stratified: one time in each of n equal parts of 0..1, in random order of rows. The loss varies
-- less.
local below_one <const> = require "fm.flow.time.parts.below_one"
local options <const> = require "fm.parts.options"

return function(given)
  options.read("time stratified", given, {})
  return function(rng, n) return ((rng:permutation(n) - rng:uniform(n)) / n):clamp(0, below_one) end
end
