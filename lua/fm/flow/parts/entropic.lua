-- The entropic plan between two samples, for flow.transport_plan and the coupling sinkhorn.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local options <const> = require "fm.parts.options"

local entropic <const> = {}

--- Checks reg, iterations and tolerance.
function entropic.check(where, o)
  if o.reg == nil then fm.fail(where .. ": reg is missing: the weight of the entropy, in units of squared distance") end
  options.number(where .. ": reg", o.reg, 0, 1e300)
  if o.reg == 0 then fm.fail(where .. ": reg: expected a number > 0, found 0 (the coupling ot is the exact transport)") end
  o.iterations = options.turns(where .. ": iterations", o.iterations)
  options.number(where .. ": tolerance", o.tolerance, 0, 1)
end

--- P, info with options that are already checked.
function entropic.plan(where, x0, x1, o)
  arguments.batch(where, "x0", x0)
  arguments.batch(where, "x1", x1)
  if x0:count() == 0 or x1:count() == 0 then
    fm.fail(("%s: x0 is a %s, x1 is a %s: expected at least one row of each"):format(where, arguments.kind_of(x0), arguments.kind_of(x1)))
  end
  local a, b = x0:reshape(#x0, -1), x1:reshape(#x1, -1)
  if a:size(2) ~= b:size(2) then
    fm.fail(("%s: x0 is a %s, x1 a %s: expected rows of one size"):format(where, arguments.kind_of(x0), arguments.kind_of(x1)))
  end
  arguments.finite(where, "x0", a)
  arguments.finite(where, "x1", b)
  local P, iterations, err, cost = fm.measure.transport_plan(a, b, o.reg, o.iterations, o.tolerance)
  return P, { iterations = iterations, error = err, cost = cost, converged = err <= o.tolerance }
end

return entropic
