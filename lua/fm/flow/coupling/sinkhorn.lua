-- sinkhorn{reg = 0.05, iterations = 1000, tolerance = 1e-6, rng}: the partner of each x1_j is drawn
-- by its share of column j of the entropic plan (see flow.transport_plan), so a row of x0 may be
-- used twice or not at all. A large reg is nearly independent, a small one nearly ot. couple.info
-- is that of the last plan: info.converged says whether its rows came within the tolerance. Without
-- rng it draws from that of flow.loss or flow.pairs; called by itself it follows math.random, which
-- in a run follows its seed and step. Cuturi 2013; Tong et al. 2023 draw from such a plan.
local fm <const> = require "fm"
local by_partner <const> = require "fm.flow.coupling.parts.by_partner"
local entropic <const> = require "fm.flow.parts.entropic"
local options <const> = require "fm.parts.options"

return function(given)
  local where <const> = "coupling sinkhorn"
  local o = options.read(where, given, { reg = 0.05, iterations = 1000, tolerance = 1e-6, rng = options.none })
  if o.rng ~= nil then options.rng(where, o.rng) end
  local plan_options <const> = { reg = o.reg, iterations = o.iterations, tolerance = o.tolerance }
  entropic.check(where, plan_options)
  local couple
  couple = by_partner("sinkhorn", function(x0, x1, _, rng)
    local plan
    plan, couple.info = entropic.plan(where, x0:detach(), x1:detach(), plan_options)
    local stream = o.rng or rng or fm.rng(math.random(1 << 53))
    return fm.measure.draw_rows(plan, stream:uniform(#x1))
  end, { any_rows = true })
  return couple
end
