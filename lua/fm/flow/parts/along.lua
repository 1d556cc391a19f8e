-- A measure along the solved paths of a flow: x moves with the velocity from t = 0 to t = 1, and a
-- function of the velocity is integrated beside it, as one more column of the state. So it has the
-- order of the method: Euler's steps give the mean over the times at which the steps begin.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local fields <const> = require "fm.parts.field"
local options <const> = require "fm.parts.options"
local reverse <const> = require "fm.flow.parts.reverse"
local solve <const> = require "fm.ode.parts.solve"
local velocity <const> = require "fm.flow.velocity"

local along <const> = {}

along.options = reverse.how_options({ method = "rk4", cond = options.none })

--- The model as a field, and the options for the solver.
function along.read(where, model, x0, given)
  arguments.model(where, model)
  arguments.batch(where, "x0", x0)
  if x0:count() == 0 then fm.fail(("%s: x0 is [%s]: it has no numbers"):format(where, table.concat(x0:shape(), ", "))) end
  local o = options.read(where, given, along.options)
  local field = velocity(model, { cond = o.cond })
  o.cond, o.gradient = nil, false
  return fields.of(field), o
end

--- x1 and, for each row, the integral of rate(v, pick) -> [B, D], summed over D; v is [B, D].
function along.integral(where, call, x0, o, rate)
  local scope <close> = fm.scope()
  local B, shape = #x0, x0:shape()
  local n = x0:count() // B
  local function slope(state, t, pick)
    shape[1] = #state
    local x = state:slice { axis = 2, first = 1, last = n }:reshape(shape)
    local v = call(x, t, pick)
    arguments.batch(where, "what the model returned", v, x)
    v = v:reshape(#state, n)
    return fm.cat(v, rate(v, pick):sum { axis = 2, keep = true }, 2)
  end
  local start = fm.cat(x0:reshape(B, n), fm.zeros(B, 1), 2)
  local state, info = reverse.finished(where, solve(where, fields.new(where, slope), start, o))
  shape[1] = B
  local x1 = state:slice { axis = 2, first = 1, last = n }:reshape(shape):detach()
  return x1, state:slice { axis = 2, first = n + 1, last = n + 1 }:reshape(B):detach(), info
end

--- The mean over rows, and info with what belongs to it.
function along.mean(each, x1, info)
  info.each, info.x1 = each, x1
  if #each > 1 then info.standard_error = math.sqrt(each:var { unbiased = true }:item() / #each) end
  return each:mean():item(), info
end

return along
