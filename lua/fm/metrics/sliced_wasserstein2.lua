-- sliced_wasserstein2(a, b, {projections, rng | directions}): W2 of the samples seen along
-- directions, root of the mean of squares. Bonneel et al. 2015. directions is a [D, k] tensor of
-- unit columns.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"

local function of(a, b, given)
  local o = options.read("sliced_wasserstein2", given, { projections = 100, rng = options.none, directions = options.none })
  a, b = samples.read_pairs("sliced_wasserstein2", a, b)
  local directions = o.directions
  if directions == nil then
    options.integer("sliced_wasserstein2: projections", o.projections, 1)
    if o.rng ~= nil then options.rng("sliced_wasserstein2", o.rng) end
    local random = (o.rng or fm.rng(0, "sliced")):normal(a:size(2), o.projections)
    directions = random / random:norm { axis = 1, keep = true }
  elseif not fm.is_tensor(directions) or directions:rank() ~= 2 or directions:size(1) ~= a:size(2) then
    fm.fail(("sliced_wasserstein2: directions: expected a tensor [%d, k] of unit columns, found %s"):format(a:size(2), options.shown(directions)))
  end
  return math.sqrt(fm.measure.sliced(a, b, directions))
end

return { of = of, samples = 2, ranges = { { 0, math.huge } } }
