-- The exact optimal transport of the batch for squared distances: x0 is put in the order of its
-- partners in x1. A permutation: no row is used twice or lost. Pooladian et al. 2023, Tong et al.
-- 2023.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local by_partner <const> = require "fm.flow.coupling.parts.by_partner"
local options <const> = require "fm.parts.options"

local where <const> = "coupling ot"

return function(given)
  options.read(where, given, {})
  return by_partner("ot", function(x0, x1)
    arguments.batch(where, "x1", x1, x0)
    if x1:count() == 0 then return nil end
    arguments.finite(where, "x0", x0)
    arguments.finite(where, "x1", x1)
    return fm.measure.pairing(x1:detach():reshape(#x1, -1), x0:detach():reshape(#x0, -1))
  end)
end
