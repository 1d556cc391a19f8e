-- geodesic{manifold}: x_t = exp_{x0}(t log_{x0} x1), along the shortest way on a manifold at
-- constant speed, u = d/dt x_t. It starts at uniform points. Chen and Lipman 2024 (Riemannian flow
-- matching), equations 12 and 13. There is no a(t) and s(t): a model predicts the velocity.
local fm <const> = require "fm"
local manifolds <const> = require "fm.parts.manifolds"
local options <const> = require "fm.parts.options"

local where <const> = "path geodesic"

local function none()
  fm.fail(where .. ": points move along geodesics, it has no a(t) and s(t): only velocities go with it")
end

return function(given)
  local o = options.read(where, given, { manifold = options.none })
  if o.manifold == nil then fm.fail(where .. ": manifold is missing, as manifold = fm.manifold.sphere(3)") end
  local m = manifolds.check(where, o.manifold)
  return {
    a = none, s = none, da = none, ds = none,
    manifold = m,
    along = function(x0, x1, t)
      manifolds.check_points(where, "x0", m, x0)
      manifolds.check_points(where, "x1", m, x1)
      local v = m.own.log(x0, x1)
      local at = type(t) == "number" and fm.full({ #x0, 1 }, t) or t:reshape(-1, 1)
      return fm.jvp(function(s) return m.own.exp(x0, v * s) end, { at }, { 1 })
    end,
    source = function(n, dim, rng)
      if dim ~= m.dim then fm.fail(("%s: dim is %s, and the %s has %d coordinates"):format(where, options.shown(dim), m.name, m.dim)) end
      return m:uniform(n, rng)
    end,
    source_log_prob = function(x0) return m:log_uniform(x0) end,
  }
end
