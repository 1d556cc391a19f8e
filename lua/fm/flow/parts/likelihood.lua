-- The log-density of a flow at given points, by a solve from data to source: d/dt log p(x(t)) =
-- -div v, so that log p1(x1) = log p0(x0) - int_0^1 div v dt. Chen et al. 2018 (equation 8),
-- Grathwohl et al. 2019. The integral is a part of the solve's state, [B, D + 1] (or D + probes):
-- error control covers it like x. p0 is the density at the start of the path.
-- While a tape records, all of it is recorded, and the divergence is taken in the way that has
-- gradients: see slopes.lua.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local solve <const> = require "fm.ode.parts.solve"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"
local reverse <const> = require "fm.flow.parts.reverse"
local slopes <const> = require "fm.flow.parts.slopes"

local likelihood <const> = {}

likelihood.options = reverse.options({ "times", "save", "events" },
  { divergence = "exact", probes = 1, rng = options.none, first_row = 1, path = options.none, log_p0 = options.none })

local most_signs <const> = 2 ^ 28 -- numbers in all probes together

-- Random signs, one tensor [B, n] for each probe: probe i is the i-th call of rng, its first row
-- has the number first_row.
local function signs(o, where, B, n)
  if o.rng == nil then fm.fail(where .. ': rng is missing: divergence = "hutchinson" draws its probes from it') end
  options.rng(where, o.rng)
  local list, probes = {}, options.integer(where .. ": probes", o.probes, 1, 1e6)
  if probes * B * n > most_signs then
    fm.fail(("%s: probes: %d of them for x [%d, %d] are %.0f numbers, expected at most %.0f: take fewer, or rows in parts"):format(where, probes,
      B, n, probes * B * n, most_signs))
  end
  local from = o.first_row > 1 and { first_row = o.first_row } or nil
  for i = 1, probes do
    local bits = from and o.rng:integers({ B, n }, 0, 1, from) or o.rng:integers(B * n, 0, 1):reshape(B, n)
    list[i] = bits * 2 - 1
  end
  return list
end

local kinds <const> = {
  exact = function(o, where)
    if o.probes ~= 1 then fm.fail(where .. ': probes are for divergence = "hutchinson"') end
    return "axes", 1
  end,
  hutchinson = function(o, where, B, n)
    local list = signs(o, where, B, n)
    return list, #list
  end,
}

local function check(where, model, x, log_p0)
  arguments.model(where, model)
  if log_p0 ~= nil and not options.callable(log_p0) then
    fm.fail(("%s: log_p0: expected a function of x0, found %s"):format(where, type(log_p0)))
  end
  arguments.batch(where, "x", x)
  if x:rank() < 2 or x:count() == 0 then
    fm.fail(("%s: x is [%s], expected [B, D] or [B, ...]"):format(where, table.concat(x:shape(), ", ")))
  end
end

-- The log-density of the source: the given one, that of the given path, or that of the model's own
-- path (an exact flow).
local function source_of(o, where, model)
  if o.log_p0 then return o.log_p0 end
  local known = o.path == nil and type(model) == "table" and model.source_log_prob
  if known then return function(x0) return known(model, x0) end end
  if o.path == nil and o.manifold ~= nil then return function(x0) return o.manifold:log_uniform(x0) end end
  local path = paths.of(where, o.path == nil and "linear" or o.path)
  return function(x0) return path:source_log_prob(x0) end
end

-- The manifold of the flow: the given one, or that of the given path.
local function manifold_of(o, where, x)
  local of_path = o.path ~= nil and paths.of(where, o.path).manifold or nil
  if o.manifold ~= nil and o.path ~= nil and of_path ~= o.manifold then
    fm.fail(where .. ": manifold: the path does not run on it: give the manifold alone, or a geodesic path on it alone")
  end
  o.manifold = o.manifold == nil and of_path or o.manifold
  if o.manifold ~= nil then
    local manifolds <const> = require "fm.parts.manifolds"
    manifolds.check_points(where, "x", manifolds.check(where, o.manifold), x)
  end
end

local function source_density(source, where, x0)
  local log_p0 = source(x0)
  if not fm.is_tensor(log_p0) or log_p0:count() ~= #x0 then fm.fail(("%s: log_p0 must return [%d] numbers"):format(where, #x0)) end
  return log_p0:reshape(-1)
end

-- The solve from t1 to t0. The model gets cond, or with rows = true row numbers, as a condition
-- that stays with its rows.
local function solved(o, where, model, shape, directions, recorded, start)
  local cond = o.cond
  if options.boolean(where .. ": rows", o.rows) then
    if cond ~= nil then fm.fail(where .. ": give rows or cond, not both: each is the third argument of the model") end
    cond = fm.range(1, #start)
  end
  local plan = reverse.plan(o)
  plan.rows, plan.cond, plan.manifold = nil, nil, nil
  -- On a manifold the trace over all D coordinates of the continued field is the divergence there:
  -- across the manifold it has no slope.
  if o.manifold ~= nil then model, cond = require "fm.ode.parts.on_manifold".field(where, o.manifold, model, cond), nil end
  local field = slopes(model, shape, directions, { recorded = recorded, cond = cond, where = where })
  return reverse.finished(where, solve(where, field, start, plan))
end

--- log_prob [B], info; `o` as read by likelihood.options.
function likelihood.of(where, model, x, o)
  check(where, model, x, o.log_p0)
  options.integer(where .. ": first_row", o.first_row, 1, 2 ^ 40)
  manifold_of(o, where, x)
  local source = source_of(o, where, model)
  local B, shape = #x, { table.unpack(x:shape(), 2) }
  local n = x:count() // B
  local directions, count = options.choose(where .. ": divergence", o.divergence, kinds)(o, where, B, n)
  local recorded = options.boolean(where .. ": gradient", o.gradient) and fm.is_recording()
  local start = fm.cat(x:reshape(B, n), fm.zeros(B, count), 2)
  local state, info = solved(o, where, model, shape, directions, recorded, start)
  local x0 = state:slice { axis = 2, first = 1, last = n }:reshape(x:shape())
  if o.manifold ~= nil then x0 = o.manifold:project(x0) end
  local integrals = state:slice { axis = 2, first = n + 1, last = n + count } -- from t1 to t0: minus the integral from t0 to t1
  local mean = integrals:mean(2)
  info[recorded and "tangents" or "backward_passes"] = info.nfe * (directions == "axes" and n or count)
  info.x0, info.log_p0, info.divergence = x0, source_density(source, where, x0), -mean
  if count > 1 then info.standard_error = (integrals:detach():var { axis = 2, unbiased = true } / count):sqrt() end
  return info.log_p0 + mean, info
end

return likelihood
