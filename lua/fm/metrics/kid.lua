-- The unbiased squared MMD with the kernel (a . b / D + 1)^3. Binkowski et al. 2018.
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"
local mean <const> = require("fm.core").measure.mean_cubic

return function(a, b, given)
  options.read("kid", given, {})
  a, b = samples.read_many("kid", a, b, 2)
  return mean(a, a, true) + mean(b, b, true) - 2 * mean(a, b, false)
end
