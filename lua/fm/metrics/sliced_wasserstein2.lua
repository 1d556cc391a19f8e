-- sliced_wasserstein2(a, b, {projections, rng | directions}): W2 of the samples seen along
-- directions, root of the mean of squares. Bonneel et al. 2015. directions is a [D, k] tensor of
-- unit columns.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

return function(a, b, given)
  local o = options.read("sliced_wasserstein2", given, { projections = 100, rng = options.none, directions = options.none })
  local directions = o.directions
  if not directions then
    options.integer("sliced_wasserstein2: projections", o.projections, 1)
    if o.rng ~= nil then options.rng("sliced_wasserstein2", o.rng) end
    if not fm.is_tensor(a) or a:rank() == 0 then
      fm.fail(("sliced_wasserstein2: argument 1: expected a tensor [N, D], found %s"):format(options.shown(a)))
    end
    local random = (o.rng or fm.rng(0, "sliced")):normal(a:size(-1), o.projections)
    directions = random / random:norm { axis = 1, keep = true }
  end
  return math.sqrt(fm.measure.sliced(a, b, directions))
end
