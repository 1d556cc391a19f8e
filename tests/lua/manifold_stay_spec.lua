-- Points stay on every manifold of fm.manifold with every method of fm.ode, both found by name: the
-- end of a solve, all that it saves, and all that the field is called with.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local checks <const> = dofile "tests/lua/checks.lua"
local manifold <const>, ode <const> = fm.manifold, fm.ode

local double <const> = fm.real == "double"
local eps <const> = double and 2.0 ^ -52 or 2.0 ^ -23

local pi <const> = fm.full(1, math.pi):item() -- the nearest float, or the double itself

-- For each manifold: numbers of coordinates to try, and check(x): how far off it a point may be is
-- what rounding does, computed here in double.
local kinds <const> = {}

kinds.sphere = { dims = { 2, 3, 8 }, check = function(x, what)
  for _, row in ipairs(x:totable()) do
    local square = 0.0
    for _, c in ipairs(row) do square = square + c * c end
    local off = math.abs(math.sqrt(square) - 1)
    local limit = (#row / 2 + 2) * eps -- a sum of D squares, a root and a division
    assert(limit < 1e-12 or not double)
    assert(off <= limit, ("%s: %g off the sphere, limit %g"):format(what, off, limit))
  end
end }

kinds.torus = { dims = { 1, 2, 8 }, check = function(x, what)
  for _, row in ipairs(x:totable()) do
    for _, angle in ipairs(row) do assert(angle >= -pi and angle < pi, ("%s: the angle %.17g"):format(what, angle)) end
  end
end }

--- A field that turns and pulls, fast enough to lead several times around, with its time; it has a
--- part that is not tangent. seen(x) is called with its points.
local function wind(dim, seen)
  local rng = fm.rng(dim, "wind")
  local A, b, c = rng:normal(dim, dim) * (3 / math.sqrt(dim)), rng:normal(1, dim) * 4, rng:normal(1, dim) * 2
  return function(x, t)
    seen(x)
    return x:sin():matmul(A) + b + c * (type(t) == "number" and t or t:reshape(-1, 1)) + x
  end
end

--- Solves with options o, and checks the field's points, the saved states and the end.
local function check_solve(kind, m, method, o)
  local what = ("%s(%d), %s, %s"):format(m.name, m.dim, method, fm.json.encode(o))
  local calls = 0
  local field = wind(m.dim, function(x)
    calls = calls + 1
    if calls % 17 == 1 then kind.check(x, what .. ", in the field") end -- not all: a check is slower than a call
  end)
  local x0 = m:uniform(6, fm.rng(1))
  o.method, o.manifold = method, m
  local x, info = ode.solve(field, x0, o)
  kind.check(x, what)
  if info.states then kind.check(info.states:reshape(-1, m.dim), what .. ", saved") end
  assert.equal("finished", info.status)
  assert.is_true(m:distance(x0, x):max():item() > 0.1, what) -- it went somewhere
  return info
end

describe("points stay on", function()
  checks.no_bytes_stay(before_each, after_each)

  for _, name in ipairs(by_name.names "fm.manifold") do
    local kind <const> = assert(kinds[name], "say in kinds which points are on the " .. name)
    for _, method in ipairs(by_name.names "fm.ode") do
      it(("the %s with %s: in 100 fixed steps, and to tolerances if it has them"):format(name, method), function()
        local adaptive = require "fm.ode.parts.method"(method, "spec").adaptive
        for _, dim in ipairs(kind.dims) do
          local m = manifold[name](dim)
          local info = check_solve(kind, m, method, { steps = 100, save = 5 })
          assert.equal(100, info.steps or info.accepted)
          check_solve(kind, m, method, { steps = 100, t0 = 1, t1 = 0 })
          for _, control in ipairs(adaptive and { "batch", "sample" } or {}) do -- loose: what a method does wrong leads off
            check_solve(kind, m, method, { rtol = 1e-2, atol = 1e-2, control = control })
          end
        end
      end)
    end
  end

  it("the torus at its seam: pi is -pi", function()
    local m = manifold.torus(1)
    for _, start in ipairs { -pi, -1, 0, 2 } do
      for _, goal in ipairs { pi, -pi, 3 * pi, -5 * pi } do
        local x = ode.solve(function(y) return y * 0 + (goal - start) end, fm.tensor { { start } }, { manifold = m, method = "euler", steps = 100 })
        kinds.torus.check(x, ("from %g to %g"):format(start, goal))
        assert.near(pi, math.abs(x:item()), 100 * (1 + math.abs(goal - start)) * eps)
      end
    end
    kinds.torus.check(m:project(fm.tensor { { pi }, { -pi }, { pi - 2 * eps }, { eps - pi }, { 1e6 }, { 2 * pi } }), "project")
  end)
end)
