-- Golden values of spheres and tori: their maps, geodesics with the loss of a model along them, and
-- nearly equal or opposite points in 50 digits. fmrun64 must agree to 1e-9, or as a case says.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, manifold <const> = fm.flow, fm.manifold

local double <const> = fm.real == "double"

-- The largest difference, relative to the largest number. Opposite points in float have lost most
-- of their digits before anything is computed.
local function near(got, want, what, tolerance)
  assert.same(want:shape(), got:shape())
  local difference = (got - want):abs():max():item() / math.max(want:abs():max():item(), 1)
  local limit = double and (tolerance or 1e-9) or tolerance and (tolerance == 1e-7 and 0.1 or 2e-2) or 2e-5
  assert(difference <= limit, ("%s differs by %g"):format(what, difference))
end

describe("golden manifold", function()
  checks.no_bytes_stay(setup, teardown)
  local tensors, metadata = assert(fm.load "tests/golden/manifold.safetensors")

  local kinds <const> = {}

  function kinds.points(c, m, of)
    near(m:exp(of "x", of "v"), of "exp", "exp")
    near(m:log(of "x", of "y"), of "log", "log")
    if double or c.manifold == "sphere" then near(m:project(of "raw"), of "project", "project") -- a float of pi is another angle
    else near(m:project(of "raw"):cos(), of "project":cos(), "cosines of project") end
    near(m:tangent(of "x", of "direction"), of "tangent", "tangent")
    near(m:distance(of "x", of "y"), of "distance", "distance")
    near(m:exp(of "x", m:log(of "x", of "y")), m:project(of "y"), "exp of log")
    assert.equal(c.D, m.dim)
  end

  function kinds.geodesic(c, m, of)
    local path = flow.path("geodesic", { manifold = m })
    local xt, u = path:sample(of "x0", of "x1", of "t")
    near(xt, of "xt", "xt")
    near(u, of "u", "u")
    local A, b = fm.parameter(of "A"), fm.parameter(of "b")
    local tape <close> = fm.record()
    local loss = flow.loss(function(x, t) return m:tangent(x, x:linear(A) + t:reshape(-1, 1) * b) end, of "x1", { x0 = of "x0", t = of "t", path = path })
    loss:backward()
    near(fm.full(1, loss:item()), fm.full(1, c.value), "the loss")
    near(A:grad(), tensors[c.grads.A], "its gradient for A")
    near(b:grad(), tensors[c.grads.b], "its gradient for b")
  end

  function kinds.near(c, m, of)
    local x, y = of "x", of "y"
    near(m:log(x, y), of "log", "log", c.tolerance)
    near(m:distance(x, y), of "distance", "distance", c.tolerance)
    local xt, u = flow.path("geodesic", { manifold = m }):sample(x, y, of "t")
    near(xt, of "xt", "xt", c.tolerance)
    near(u, of "u", "u", c.tolerance)
  end

  for _, c in ipairs(fm.json.decode(metadata.cases)) do
    it(c.name, function()
      kinds[c.kind](c, manifold[c.manifold](c.D), function(name) return tensors[c[name]] end)
    end)
  end
end)
