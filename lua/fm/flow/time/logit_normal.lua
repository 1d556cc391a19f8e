-- logit_normal{mean = 0, std = 1}: more often in the middle: the logistic of a normal number with
-- this mean and deviation. Esser et al. 2024, section 3.1.
local below_one <const> = require "fm.flow.time.parts.below_one"
local options <const> = require "fm.parts.options"

return function(given)
  local where <const> = "time logit_normal"
  local o = options.read(where, given, { mean = 0, std = 1 })
  options.number(where .. ": mean", o.mean, -1e3, 1e3)
  options.number(where .. ": std", o.std, 0, 1e3)
  return function(rng, n)
    local z = rng:normal(n)
    if o.std ~= 1 then z = z * o.std end
    if o.mean ~= 0 then z = z + o.mean end
    return z:sigmoid():clamp(0, below_one)
  end
end
