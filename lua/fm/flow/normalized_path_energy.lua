-- normalized_path_energy(model, x0, w2, options) -> number, info: |energy - w2^2| / w2^2, where w2
-- is the 2-Wasserstein distance (not squared) between source and data: 0 for a flow that moves its
-- points by optimal transport. Options are those of path_energy; info.energy is its value. Tong et
-- al. 2023, section 6.1.
local options <const> = require "fm.parts.options"
local path_energy <const> = require "fm.flow.path_energy"

local where <const> = "normalized_path_energy"

return function(model, x0, w2, given, ...)
  options.no_more(where, 4, ...)
  options.number(where .. ": w2", w2, 1e-150, 1e150)
  local energy, info = path_energy(model, x0, given)
  info.energy = energy
  return math.abs(energy - w2 ^ 2) / w2 ^ 2, info
end
