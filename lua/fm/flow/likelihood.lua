-- The log-density of a flow at given points, by a solve from data to source: d/dt log p(x(t)) = -div v, so that
--   log p1(x1) = log p0(x0) - int_0^1 div v dt.    Chen et al. 2018 (equation 8), Grathwohl et al. 2019.
-- The integral is a part of the solve's state, [B, D + 1] (or D + probes): error control covers it like x.
local fm <const> = require "fm"
local ode <const> = require "fm.ode"
local options <const> = require "fm.options"
local reverse <const> = require "fm.flow.reverse"
local slopes <const> = require "fm.flow.slopes"

local likelihood <const> = {}

likelihood.options = reverse.options({ "times", "save", "events", "gradient", "memory" },
  { divergence = "exact", probes = 1, rng = options.none, log_p0 = options.none })

--- log N(x; 0, I) of each row, [B].
function likelihood.standard_normal(x)
  local flat = x:reshape(#x, -1)
  return flat:square():sum(2) * -0.5 - flat:size(2) / 2 * math.log(2 * math.pi)
end

-- Random signs, one tensor [B, n] for each probe: probe i is the i-th call of rng.
local function signs(o, where, B, n)
  if not o.rng then fm.fail(where .. ': rng is missing: divergence = "hutchinson" draws its probes from it') end
  options.rng(where, o.rng)
  local list = {}
  for i = 1, options.integer(where .. ": probes", o.probes, 1, 1e6) do list[i] = (o.rng:integers(B * n, 0, 1) * 2 - 1):reshape(B, n) end
  return list
end

local kinds <const> = {
  exact = function(o, where)
    if o.probes ~= 1 then fm.fail(where .. ': probes are for divergence = "hutchinson"') end
    return "axes", 1
  end,
  hutchinson = function(o, where, B, n)
    if o.control == "sample" then
      fm.fail(where .. ': divergence = "hutchinson" has probes for each row and does not go with control = "sample"')
    end
    local list = signs(o, where, B, n)
    return list, #list
  end,
}

local function callable(value)
  local meta = getmetatable(value)
  return type(value) == "function" or type(meta) == "table" and meta.__call ~= nil
end

local function check(where, model, x, log_p0)
  if not callable(model) then fm.fail(("%s: the model is a %s: expected a function or a model"):format(where, type(model))) end
  if log_p0 ~= nil and not callable(log_p0) then
    fm.fail(("%s: log_p0: expected a function of x0, found %s"):format(where, type(log_p0)))
  end
  if not fm.is_tensor(x) then fm.fail(("%s: x is a %s: expected a tensor [B, ...]"):format(where, type(x))) end
  if x:rank() < 2 or x:count() == 0 then
    fm.fail(("%s: x is [%s], expected [B, D] or [B, ...]"):format(where, table.concat(x:shape(), ", ")))
  end
  if fm.is_recording() then
    fm.fail(where .. ": its gradient needs second derivatives, which the tape does not have; call it outside of opt:step and fm.record")
  end
end

local function source_density(o, where, x0)
  local log_p0 = (o.log_p0 or likelihood.standard_normal)(x0)
  if not fm.is_tensor(log_p0) or log_p0:count() ~= #x0 then fm.fail(("%s: log_p0 must return [%d] numbers"):format(where, #x0)) end
  return log_p0:reshape(-1)
end

--- log_prob [B], info; `o` as read by likelihood.options.
function likelihood.of(where, model, x, o)
  check(where, model, x, o.log_p0)
  local B, shape = #x, { table.unpack(x:shape(), 2) }
  local n = x:count() // B
  local directions, count = options.choose(where .. ": divergence", o.divergence, kinds)(o, where, B, n)
  local start = fm.cat(x:reshape(B, n), fm.zeros(B, count), 2)
  local state, info = ode.solve(slopes(model, shape, directions), start, reverse.plan(o))
  if info.status ~= "finished" then
    fm.fail(("%s: the solve ended at t = %.6g with status %s%s: there is no density without the whole way"):format(where, info.t,
      info.status, info.reason and ": " .. info.reason or ""))
  end
  local x0 = state:slice { axis = 2, first = 1, last = n }:reshape(x:shape())
  local integrals = state:slice { axis = 2, first = n + 1, last = n + count } -- from t1 to t0: minus the integral from t0 to t1
  local mean = integrals:mean(2)
  info.backward_passes = info.nfe * (directions == "axes" and n or count)
  info.x0, info.log_p0, info.divergence = x0, source_density(o, where, x0), -mean
  if count > 1 then info.standard_error = (integrals:var { axis = 2, unbiased = true } / count):sqrt() end
  return info.log_p0 + mean, info
end

return likelihood
