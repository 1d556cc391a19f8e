-- fm.jvp: derivatives along a direction. ops_spec checks the rule of each op.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"

local double <const> = fm.real == "double"
local small <const> = double and 1e-12 or 1e-5

local function near(want, got, tolerance)
  if type(want) == "number" then want = fm.full(got:shape(), want) end
  assert(fm.is_tensor(got))
  assert.same(want:shape(), got:shape())
  assert.is_true((want - got):abs():max():item() <= (tolerance or small))
end

describe("jvp", function()
  checks.no_bytes_stay(before_each, after_each)
  local rng <const> = fm.rng(5, "jvp_spec")
  local x <const>, dx <const> = rng:normal(4, 3), rng:normal(4, 3)

  it("takes tensors, numbers and zeros as tangents, and gives the value, too", function()
    local function f(a, t) return a * t + t * t end
    local y, dy = fm.jvp(f, { x, 0.5 }, { dx, 2 })
    near(x * 0.5 + 0.25, y)
    near(dx * 0.5 + (x + 1) * 2, dy)
    near(dx * 0.5, select(2, fm.jvp(f, { x, 0.5 }, { dx, 0 })))
    near(dx * 0.5, select(2, fm.jvp(f, { x, 0.5 }, { dx })))
    near((x + 1) * 2, select(2, fm.jvp(f, { x, 0.5 }, { nil, 2 })))
    near(fm.zeros(4, 3), select(2, fm.jvp(f, { x, 0.5 }, {})))
    near(x * 3, select(2, fm.jvp(function(a) return a * a * 0.5 end, { x }, { 3 })))
  end)

  it("returns lists for several results, the same one twice included", function()
    local y, dy = fm.jvp(function(a)
      local b = a:square()
      return b, x, b
    end, { x }, { dx })
    assert.same({ 3, 3 }, { #y, #dy })
    near(x:square(), y[1])
    near(x * dx * 2, dy[1])
    near(0, dy[2])
    near(dy[1], dy[3])
  end)

  it("goes through views of every kind", function()
    local _, dy = fm.jvp(function(a) return a[2] * a[{ 3, 3 }]:reshape(3) + a:slice { axis = 1, first = 1, last = 1 }:reshape(-1) end, { x }, { dx })
    near(x[2] * dx[3] + dx[2] * x[3] + dx[1], dy)
  end)

  it("takes the detached for a constant", function()
    near(dx * x, select(2, fm.jvp(function(a) return a * a:detach() end, { x }, { dx })))
    near(dx * x, select(2, fm.jvp(function(a) return a * a:clone() end, { x }, { dx })))
  end)

  it("takes derivatives of derivatives, and does not mix the levels up", function()
    local function cube(a) return a * a * a end
    local function along(f) return function(a) return select(2, fm.jvp(f, { a }, { 1 })) end end
    near(x * 6, along(along(cube))(x))
    near(6, along(along(along(cube)))(x))
    near(0, along(along(along(along(cube))))(x))
    -- d/dx (x d/dy (x + y)) = 1: who confuses the levels finds 2 (Siskind and Pearlmutter 2005)
    near(1, select(2, fm.jvp(function(a)
      return a * select(2, fm.jvp(function(b) return a + b end, { a:detach() }, { 1 }))
    end, { x }, { 1 })))
  end)

  it("is recorded: gradients of tangents for parameters and inputs", function()
    local w = fm.parameter(rng:normal(3, 3))
    local p = fm.parameter(x)
    local function loss()
      local y, dy = fm.jvp(function(a) return a:linear(w, { act = "tanh" }) end, { p }, { dx })
      return (y + dy:square()):sum()
    end
    if double then assert(fm.gradcheck(function() return loss() end, { w, p })) end
    local tape <close> = fm.record(w)
    loss():backward()
    assert.truthy(w:grad())
  end)

  it("gives a hessian times a vector, by going back over it", function()
    local w = fm.parameter(x)
    local tape <close> = fm.record()
    local _, dy = fm.jvp(function(a) return (a:square() * a):sum() end, { w }, { dx })
    dy:backward()
    near(x * dx * 6, w:grad(), 10 * small)
  end)

  it("works in the field of a solve", function()
    local field = function(a) return select(2, fm.jvp(function(b) return b:square() end, { a }, { 0.5 })) end -- = a
    local y = fm.ode.solve(field, x, { method = "rk4", steps = 50 })
    near(x * math.exp(1), y, 1e-5)
  end)

  it("gives tangents that the caller may write into", function()
    local function kept(f, p, v)
      local own = v:clone()
      local _, dy = fm.jvp(f, { p }, { own })
      for _, d in ipairs(fm.is_tensor(dy) and { dy } or dy) do d:fill(7) end
      near(v, own, 0)
      return dy
    end
    kept(function(a) return a end, x, dx)
    kept(function(a) return a + 1 end, x, dx)
    kept(function(a) return a:reshape(12) end, x, dx)
    kept(function(a) return a[2] end, x, dx)
    local _, dy = fm.jvp(function(a) return a + 1, a + 2, a * a end, { x }, { 1 })
    dy[1]:fill(7)
    near(1, dy[2], 0)
    near(x * 2, dy[3])
    _, dy = fm.jvp(function(a) -- the second has the tangent of the first
      local y = a * 2
      return y, y + 1
    end, { x }, { 1 })
    dy[1]:fill(7)
    near(2, dy[2], 0)
    local v = fm.parameter(dx)
    local tape <close> = fm.record()
    select(2, fm.jvp(function(a) return a + 1 end, { x }, { v })):sum():backward()
    near(1, v:grad(), 0)
  end)

  it("refuses what has no rule, by name", function()
    local twice = fm.custom { forward = function(a) return a * 2 end, backward = function(_, dy) return dy * 2 end }
    checks.raises("custom has no tangent rule: fm.jvp cannot go through it", function() fm.jvp(twice, { x }, { dx }) end)
    near(x * 2, (fm.jvp(function(a) return a * 0 + twice(x) end, { x }, { dx })))
    local function solved(a) return (fm.ode.solve(function(b) return b end, a, { method = "euler", steps = 2 })) end
    checks.raises("ode.solve has no tangent rule", function() fm.jvp(solved, { x }, { dx }) end)
    local function pulled(a) return (fm.ode.solve(function(b) return b + a end, x, { method = "euler", steps = 2 })) end
    checks.raises("ode.solve has no tangent rule", function() fm.jvp(pulled, { x }, { dx }) end)
    checks.raises("carries a tangent", function() fm.jvp(function(a) return a:fill(1) end, { x }, { dx }) end)
  end)

  it("says what is wrong with its arguments", function()
    local function f(a) return a end
    local function released()
      local scope <close> = fm.scope()
      return x * 2
    end
    for _, case in ipairs {
      { "jvp: the input is %[4, 3%], its tangent is %[3%]", f, { x }, { dx[1] } },
      { "jvp: input 1: expected a tensor or a number, found \"a\"", f, { "a" }, { 1 } },
      { "jvp: tangent 1: expected a tensor or a number, found \"a\"", f, { x }, { "a" } },
      { "jvp: 2 tangents for 1 inputs", f, { x }, { 1, 1 } },
      { "jvp: inputs: expected a list, found a tensor", f, x, { 1 } },
      { "jvp: tangents: expected a list, found the key", f, { x }, { a = 1 } },
      { "jvp: inputs: expected a list, found the key", f, setmetatable({ a = 1 }, { __pairs = function() end }), { 1 } },
      { "jvp: expected a function", 3, { x }, { 1 } },
      { "jvp: f must return tensors, found nil", function() end, { x }, { 1 } },
      { "jvp: f must return tensors, found 3", function() return 3 end, { x }, { 1 } },
      { "jvp: unexpected argument 4", f, { x }, { 1 }, 1 },
      { "jvp: an input was released when its tape or scope closed", f, { released() }, { dx } },
      { "jvp: a tangent was released when its tape or scope closed", f, { x }, { released() } },
      { "jvp: what f returned was released when its tape or scope closed", released, { x }, { 1 } },
    } do
      local wanted = table.remove(case, 1)
      checks.raises(wanted, fm.jvp, table.unpack(case))
    end
    local function deep(a, n) return n == 0 and a or select(2, fm.jvp(function(b) return deep(b, n - 1) end, { a }, { 1 })) end
    near(0, deep(x, 16))
    checks.raises("more than 16 derivatives inside one another", function() deep(x, 17) end)
  end)

  it("ends with its call, also after an error and in coroutines", function()
    pcall(fm.jvp, function() error "no" end, { x }, { dx })
    local kept
    fm.jvp(function(a)
      kept = a * 2
      return kept
    end, { x }, { dx })
    near(0, select(2, fm.jvp(function(a) return a * 0 + kept end, { x }, { 0 })))
    kept:fill(0)
    local co = coroutine.wrap(function()
      local _, dy = fm.jvp(function(a)
        local b = a * a
        coroutine.yield()
        return b * a
      end, { x }, { 1 })
      return dy
    end)
    co()
    near(x * 2, select(2, fm.jvp(function(a) return a * a end, { x }, { 1 })))
    near(x * x * 3, co())
    for _ = 1, 40 do
      local abandoned = coroutine.wrap(function() fm.jvp(function() coroutine.yield() end, { x }, { 1 }) end)
      abandoned()
    end
  end)

  it("is recorded for one leaf alone", function()
    local w, b = fm.parameter(rng:normal(3, 3)), fm.parameter(rng:normal(3))
    local function loss() return select(2, fm.jvp(function(a) return a:linear(w, b, { act = "tanh" }) end, { x }, { dx })):square():sum() end
    do
      local tape <close> = fm.record()
      loss():backward()
    end
    local want = w:grad():clone():detach()
    w:zero_grad()
    b:zero_grad()
    local tape <close> = fm.record(w)
    loss():backward()
    near(want, w:grad(), 10 * small)
    assert.is_nil(b:grad())
  end)

  it("is recorded for one leaf that is an input", function()
    local p, q = fm.parameter(x), fm.parameter(x)
    local tape <close> = fm.record(p)
    local _, dy = fm.jvp(function(a, b) return a:square() * b end, { p, q }, { dx, dx }) -- 2 p q dp + p^2 dq
    dy:sum():backward()
    near((x * 4) * dx, p:grad(), 10 * small)
    assert.is_nil(q:grad())
  end)

  it("lets a tangent be a parameter", function()
    local p = fm.parameter(dx)
    local tape <close> = fm.record()
    select(2, fm.jvp(function(a) return a:square() end, { x }, { p })):sum():backward()
    near(x * 2, p:grad())
  end)

  it("works in a scope, and a scope works in it", function()
    local kept, inner
    do
      local scope <close> = fm.scope()
      inner = select(2, fm.jvp(function(a) return a * a end, { x }, { dx }))
      kept = (inner * 1):detach()
    end
    near(x * dx * 2, kept)
    checks.raises("released when its tape closed", function() return inner:sum() end)
    local _, dy = fm.jvp(function(a)
      local b
      do
        local scope <close> = fm.scope()
        b = a * a
      end
      do
        local tape <close> = fm.record()
        b = (a * a):detach()
      end
      return a * b -- b is a constant
    end, { x }, { dx })
    near(x:square() * dx, dy)
  end)

  -- With a tape every step stays, so that bytes count them.
  it("costs nothing where a tangent is zero", function()
    local w, c = fm.parameter(rng:normal(3, 3)), rng:normal(4, 3)
    local function bytes(f, dx1, dx2)
      local tape <close> = fm.record()
      local results, before = {}, fm.live_bytes()
      fm.jvp(function(a, b)
        before = fm.live_bytes()
        results[1] = f(a, b)
        results[2] = fm.live_bytes() - before
        return results[1]
      end, { x, c }, { dx1, dx2 })
      return results[2]
    end
    for name, f in pairs {
      add = function(_, b) return b + 1 end, linear = function(_, b) return b:linear(w, { act = "silu" }) end, norm = function(_, b) return b:layer_norm() end,
      mul = function(_, b) return b * w[1] end, softmax = function(_, b) return (b * w[1]):softmax(-1) end,
    } do
      assert.equal(bytes(f), bytes(f, dx), name) -- b has no tangent
      assert.is_true(bytes(f) < bytes(f, nil, dx) or name == "add", name)
    end
    local one, both = function(a, b) return (a * w[1]) * (b * w[1]) end, nil
    both = bytes(one, dx, dx)
    assert.is_true(bytes(one, dx) < both and bytes(one, nil, dx) < both)
    local function sum(a, b) return a + b end
    assert.equal(bytes(sum), bytes(sum, dx)) -- the tangent is dx itself
  end)

  it("gives zeros where nothing of the way depends on it", function()
    local _, dy = fm.jvp(function(a) return fm.where(a:gt(0), 1, 0) + a:argmax(2, true) end, { x }, { dx })
    near(fm.zeros(4, 3), dy)
  end)

  it("leaves no level open after an error, however deep, and says the line of the script", function()
    local function broken(a) return a:matmul(fm.zeros(7, 7)) end
    for _ = 1, 40 do -- more than levels may be open
      local ok, message = pcall(fm.jvp, function(a) return select(2, fm.jvp(broken, { a }, { 1 })) end, { x }, { dx })
      assert.is_false(ok)
      assert.truthy(tostring(message):find "jvp_spec.lua:%d+: matmul")
    end
    near(x * 2 * dx, select(2, fm.jvp(function(a) return a:square() end, { x }, { dx })))
    for _ = 1, 40 do -- coroutines that never end
      local co = coroutine.create(function() fm.jvp(function(a)
        coroutine.yield()
        return a
      end, { x }, { dx }) end)
      coroutine.resume(co)
      coroutine.close(co)
    end
    near(x * 2 * dx, select(2, fm.jvp(function(a) return a:square() end, { x }, { dx })))
  end)

  it("takes turns with another in a coroutine", function()
    local function run(power)
      return coroutine.wrap(function()
        return select(2, fm.jvp(function(a)
          local y = a
          for _ = 2, power do
            y = y * a
            coroutine.yield()
          end
          return y
        end, { x }, { dx }))
      end)
    end
    local two, three = run(2), run(3)
    two()
    three()
    near(x * 2 * dx, two())
    three()
    near(x * x * 3 * dx, three())
  end)

  it("jacobian: all derivatives, also recorded", function()
    local function f(v) return fm.stack { v[{ 1, 1 }]:sum() * v[{ 2, 2 }]:sum(), v:square():sum() } end
    local v = fm.tensor { 2, 3, 5 }
    near(fm.tensor { { 3, 2, 0 }, { 4, 6, 10 } }, fm.jacobian(f, v))
    near(fm.tensor { { 4, 6, 10 } }, fm.jacobian(function(u) return u:square():sum() end, v))
    assert.same({ 2, 0 }, fm.jacobian(function() return fm.zeros(2) end, fm.zeros(0)):shape())
    local p = fm.parameter(v)
    local tape <close> = fm.record()
    fm.jacobian(f, p):sum():backward()
    near(fm.tensor { 3, 3, 2 }, p:grad())
    local third = fm.jacobian(function(a)
      return fm.jacobian(function(b) return fm.jacobian(function(c) return c:square():sum() * c, b end, b):reshape(-1) end, a):reshape(-1)
    end, fm.ones(9))
    near(3 * 2 * 81, third:sum(), 1e-3)
    checks.raises("jacobian: x: expected a tensor %[N%], found a tensor %[4, 3%]", function() fm.jacobian(f, x) end)
    checks.raises("jacobian: expected a function, found 3", fm.jacobian, 3, v)
    checks.raises("jacobian: f must return one number or a tensor %[M%], found 3", fm.jacobian, function() return 3 end, fm.zeros(0))
  end)
end)
