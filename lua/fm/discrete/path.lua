-- path{vocabulary, source = "mask" | "uniform", power = 1}: between a source and data of the tokens
-- 1 .. vocabulary. Each token of x_t is that of x1 with the probability t^power, independently;
-- power is 0.05 to 1000.
local fm <const> = require "fm"
local paths <const> = require "fm.discrete.parts.paths"
local options <const> = require "fm.parts.options"

return function(given, ...)
  options.no_more("discrete.path", 1, ...)
  if given == nil then fm.fail "discrete.path: vocabulary is missing: how many tokens there are" end
  return paths.of("discrete.path", given)
end
