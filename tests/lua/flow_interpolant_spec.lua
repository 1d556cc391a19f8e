-- Paths with noise around their line, xt = a x1 + s x0 + gamma z: the gammas, the interpolants,
-- what reads them, and their ends.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, raises <const> = fm.flow, checks.raises
local double <const> = fm.real == "double"
local in_double <const> = checks.in_double(it)
local tight <const> = double and 1e-12 or 1e-5

local function apart(x, want)
  return (x - want):abs():max():item() / (1 + want:abs():max():item())
end

local function finite(x)
  if type(x) == "number" then return x - x == 0 end
  return (x:detach() * 0):sum():item() == 0
end

local function logistic(y) return 1 / (1 + math.exp(-y)) end

-- gamma and its slope, written down.
local gammas <const> = {
  sqrt = function(t) return (t * (1 - t)) ^ 0.5, (1 - 2 * t) / (2 * (t * (1 - t)) ^ 0.5) end,
  quadratic = function(t) return t * (1 - t), 1 - 2 * t end,
  sin_squared = function(t) return math.sin(math.pi * t) ^ 2, math.pi * math.sin(2 * math.pi * t) end,
  sigmoid = function(t)
    local y = 10 * (t - 0.5)
    local function slope(v) return logistic(v) * (1 - logistic(v)) end
    return logistic(y + 1) - logistic(y - 1) - logistic(-4) + logistic(-6), 10 * (slope(y + 1) - slope(y - 1))
  end,
  constant = function() return 1, 0 end,
}

local half <const> = math.pi / 2

-- a, s, da, ds, gamma, dgamma of each path, written down for 0 < t < 1.
local formulas <const> = {
  { { "interpolant" }, function(t) return t, 1 - t, 1, -1, gammas.sqrt(t) end },
  { { "interpolant", gamma = { "quadratic", scale = 2 } }, function(t) return t, 1 - t, 1, -1, 2 * t * (1 - t), 2 - 4 * t end },
  { { "interpolant", line = "cosine", gamma = "sin_squared" }, function(t)
    return math.sin(half * t), math.cos(half * t), half * math.cos(half * t), -half * math.sin(half * t), gammas.sin_squared(t)
  end },
  { { "interpolant", line = { "poly", n = 2 }, gamma = function(t) return t * (1 - t) * 3 end }, function(t)
    return t ^ 2, 1 - t ^ 2, 2 * t, -2 * t, 3 * t * (1 - t), 3 - 6 * t
  end },
  { { a = function(t) return t end, s = function(t) return 1 - t end, gamma = "sigmoid" }, function(t) return t, 1 - t, 1, -1, gammas.sigmoid(t) end },
  { { a = function(t) return t end, s = function(t) return 1 - t end, gamma = function(t) return (t * (1 - t)) ^ 0.5 end }, function(t)
    return t, 1 - t, 1, -1, gammas.sqrt(t)
  end },
  { { "i_cfm", sigma = 0.3 }, function(t) return t, 1 - t, 1, -1, 0.3, 0 end },
  { { "schrodinger_bridge", sigma = 0.7 }, function(t)
    local g, dg = gammas.sqrt(t)
    return t, 1 - t, 1, -1, 0.7 * g, 0.7 * dg
  end },
  { { "trig" }, function(t)
    local g, dg = gammas.sqrt(t)
    local c = (1 - t * (1 - t)) ^ 0.5
    local dc = -(1 - 2 * t) / 2 / c
    local sin, cos = math.sin(half * t), math.cos(half * t)
    return c * sin, c * cos, dc * sin + c * half * cos, dc * cos - c * half * sin, g, dg
  end },
  { { "trig", gamma = { "sin_squared", scale = 0.5 } }, function(t)
    local g, dg = gammas.sin_squared(t)
    g, dg = g / 2, dg / 2
    local c = (1 - g * g) ^ 0.5
    local dc = -g * dg / c
    local sin, cos = math.sin(half * t), math.cos(half * t)
    return c * sin, c * cos, dc * sin + c * half * cos, dc * cos - c * half * sin, g, dg
  end },
  { { "encoding_decoding" }, function(t)
    local c, dc = math.cos(math.pi * t) ^ 2, -math.pi * math.sin(2 * math.pi * t)
    if t < 0.5 then return 0, c, 0, dc, gammas.sin_squared(t) end
    return c, 0, dc, 0, gammas.sin_squared(t)
  end },
  { { "mirror" }, function(t) return 1, 0, 0, 0, gammas.sqrt(t) end },
  { { "mirror", gamma = "quadratic" }, function(t) return 1, 0, 0, 0, gammas.quadratic(t) end },
}

local function name_of(what)
  return type(what[1]) == "string" and what[1] .. (type(what.gamma) == "string" and " " .. what.gamma or "") or "a script's path"
end

describe("gamma", function()
  checks.no_bytes_stay(before_each, after_each)

  it("is what its formula says, and so is its slope", function()
    local times = { 1e-3, 0.1, 0.25, 0.5, 0.8, 0.999 }
    for name, formula in pairs(gammas) do
      for _, scale in ipairs { 1, 0.3 } do
        local made = flow.gamma(name, { scale = scale })
        local size, slope = made.gamma(fm.tensor(times)), made.dgamma(fm.tensor(times))
        for i, t in ipairs(times) do
          local want, dwant = formula(t)
          assert.near(want * scale, made.gamma(t), 1e-12)
          assert.near(dwant * scale, made.dgamma(t), 1e-11)
          assert.near(want * scale, type(size) == "number" and size or size[i], tight)
          assert.near(dwant * scale, type(slope) == "number" and slope or slope[i], double and 1e-11 or 2e-4)
        end
        if name ~= "constant" then
          for _, t in ipairs { 0, 1 } do
            assert.near(0, made.gamma(t), 1e-15)
            assert.near(0, made.gamma(fm.full(1, t))[1], double and 1e-15 or 1e-9)
          end
        end
      end
    end
    local wide, narrow = flow.gamma("sigmoid", { steepness = 2 }), flow.gamma("sigmoid", { steepness = 40 })
    assert(wide.gamma(0.3) / wide.gamma(0.5) > 0.8 and narrow.gamma(0.3) / narrow.gamma(0.5) < 0.01)
  end)

  it("is found by name, in { name, option = }, as a function or a table; wrong ones are told", function()
    local function mine(t) return t * 2 end
    assert.equal(mine, flow.gamma(mine))
    raises('gamma: unknown name "sqr"; did you mean "sqrt"', flow.gamma, "sqr")
    raises('gamma sqrt: unknown option "scal"; did you mean "scale"', flow.gamma, "sqrt", { scal = 1 })
    raises('path interpolant: gamma: unknown name "quadratik"; did you mean "quadratic"', flow.path, "interpolant", { gamma = "quadratik" })
    raises("path interpolant: line: it has noise around its line already", flow.path, "interpolant", { line = "i_cfm" })
    raises('path interpolant: line: unknown path "linea"; did you mean "linear"', flow.path, "interpolant", { line = "linea" })
    raises("path trig: gamma%(0.5%) is 1, expected numbers below 1", flow.path, "trig", { gamma = "sin_squared" })
    raises("path interpolant: guard: expected a number", flow.path, "interpolant", { guard = 1 })
    local a, s = function(t) return t end, function(t) return 1 - t end
    raises("path: dgamma: it goes with gamma", flow.path, { a = a, s = s, dgamma = a })
    raises("path: guard: it goes with gamma", flow.path, { a = a, s = s, guard = 1e-3 })
    raises("path: dgamma: it goes with gamma = a function of t", flow.path, { a = a, s = s, gamma = "sqrt", dgamma = a })
    raises("path: gamma fails for t = a tensor %[2%]", flow.path, { a = a, s = s, gamma = function(t) return math.sin(t) end })
    raises("path: gamma returned a nil", flow.path, { a = a, s = s, gamma = function() end })
    raises('path: unknown option "gama"; did you mean "gamma"', flow.path, { a = a, s = s, gama = a })
    raises("path: gamma%(0%) is 1: a path with a source of its own starts there without noise", flow.path,
      { a = a, s = s, gamma = "constant", source = function() end })
    raises("path interpolant: gamma: unknown name", function()
      flow.loss(function(x) return x end, fm.zeros(2, 2), { rng = fm.rng(1), path = { "interpolant", gamma = "none" } })
    end)
  end)

  it("and a path may be files beside the script", function()
    local folder = os.tmpname()
    os.remove(folder)
    require("lfs").mkdir(folder)
    local function write(name, text)
      local file = assert(io.open(folder .. "/" .. name, "w"))
      file:write(text)
      file:close()
    end
    write("my_gamma.lua", "return function(o) local k = o and o.scale or 1 return function(t) return t * (1 - t) * k end end")
    write("my_noisy_path.lua", "return { a = function(t) return t end, s = function(t) return 1 - t end, gamma = { 'my_gamma', scale = 4 } }")
    local path = package.path
    package.path = folder .. "/?.lua;" .. path
    local ok, message = pcall(function()
      local a, s, _, _, g, dg = flow.path "my_noisy_path":coefficients(0.25)
      assert.same({ 0.25, 0.75, 0.75 }, { a, s, g })
      assert.near(2, dg, 1e-6)
      assert.near(0.25, flow.gamma "my_gamma"(0.5), 1e-12)
    end)
    package.path = path
    package.loaded.my_gamma, package.loaded.my_noisy_path = nil, nil
    os.remove(folder .. "/my_gamma.lua")
    os.remove(folder .. "/my_noisy_path.lua")
    os.remove(folder)
    assert(ok, message)
  end)
end)

describe("interpolants", function()
  checks.no_bytes_stay(before_each, after_each)
  local x0 <const>, x1 <const>, z <const> = fm.rng(1):normal(5, 3), fm.rng(2):normal(5, 3), fm.rng(3):normal(5, 3)
  local times <const> = { 0.03, 0.3, 0.45, 0.7, 0.98 }

  it("have the coefficients of their formulas, and sample by them", function()
    for _, f in ipairs(formulas) do
      local path, t = flow.path(f[1]), fm.tensor(times)
      local got, want_x, want_u = { path:coefficients(t) }, {}, {}
      local xt, u = path:sample(x0, x1, t, z)
      for i, at in ipairs(times) do
        local want, numbers = { f[2](at) }, { path:coefficients(at) }
        for k = 1, 6 do
          assert.near(want[k], numbers[k], double and 1e-12 or 1e-4 * (1 + math.abs(want[k])), name_of(f[1]) .. " " .. k)
          assert.near(want[k], got[k][i], double and 1e-11 or 1e-4 * (1 + math.abs(want[k])))
        end
        local row = { i, i }
        want_x[i] = x1[row] * want[1] + x0[row] * want[2] + z[row] * want[5]
        want_u[i] = x1[row] * want[3] + x0[row] * want[4] + z[row] * want[6]
        local one_x, one_u = path:sample(x0[row], x1[row], at, z[row])
        assert(apart(one_x, want_x[i]) < tight and apart(one_u, want_u[i]) < 10 * tight)
      end
      assert(apart(xt, fm.cat(want_x, 1)) < tight and apart(u, fm.cat(want_u, 1)) < 10 * tight, name_of(f[1]))
    end
  end)

  it("move by u: the slope of xt in t", function()
    for _, f in ipairs(formulas) do
      local path, h = flow.path(f[1]), double and 1e-6 or 5e-3
      for _, t in ipairs { 0.2, 0.6 } do
        local after, before = path:sample(x0, x1, t + h, z), path:sample(x0, x1, t - h, z)
        local _, u = path:sample(x0, x1, t, z)
        assert(apart((after - before) / (2 * h), u) < (double and 1e-8 or 1e-2), name_of(f[1]))
      end
    end
  end)

  it("one_sided is the path itself", function()
    for _, line in ipairs { "linear", "cosine", "vp" } do
      assert.same({ flow.path(line):coefficients(0.3) }, { flow.path("one_sided", { line = line }):coefficients(0.3) })
    end
    assert.equal(4, select("#", flow.path "one_sided":coefficients(0.3)))
    raises("line: it has noise", flow.path, "one_sided", { line = "trig" })
  end)

  it("are finite at the ends, with all gradients", function()
    for _, f in ipairs(formulas) do
      local path = flow.path(f[1])
      for _, end_of in ipairs { 0, 1, 1e-30, 1e-7, 1 - 2.0 ^ -24 } do
        for _, shape in ipairs { false, { 5 }, { 5, 1 } } do
          local t = shape and fm.parameter(fm.full(shape, end_of)) or end_of
          local leaves = { fm.parameter(x0), fm.parameter(x1), fm.parameter(z), shape and t or nil }
          do
            local tape <close> = fm.record()
            local xt, u = path:sample(leaves[1], leaves[2], t, leaves[3])
            local loss = (u - xt * 0.5):square():mean()
            assert(finite(xt) and finite(u) and finite(loss), name_of(f[1]))
            assert(loss:item() < 1e6)
            loss:backward()
          end
          for k, leaf in ipairs(leaves) do
            local grad = leaf:grad()
            assert(not grad or finite(grad), ("%s: gradient %d at %g"):format(name_of(f[1]), k, end_of))
          end
          for _, c in ipairs { path:coefficients(t) } do assert(finite(c)) end
        end
      end
    end
    local bridge = flow.path { "interpolant", guard = 1e-2 }
    assert.near(0.98 / (2 * 0.0099 ^ 0.5), select(6, bridge:coefficients(0)), 1e-9)
    assert.near(0.98 / (2 * 0.0099 ^ 0.5), select(6, bridge:coefficients(fm.zeros(1)))[1], 1e-5)
    assert.equal(0, select(5, bridge:coefficients(0)))
  end)

  it("and so are paths without noise, for times that want a gradient", function()
    for _, what in ipairs { "linear", "poly", { "poly", n = 1.5 }, "vp", "linear_vp", "cosine", "ve", "lipman", { "poly", n = 0.5 } } do
      for _, end_of in ipairs { 0, 1 } do
        local t = fm.parameter(fm.full(5, end_of))
        do
          local tape <close> = fm.record()
          local xt, u = flow.path(what):sample(x0, x1, t)
          if fm.needs_grad(u) then u:sum():backward() end
          xt:sum():backward()
        end
        assert(finite(t:grad()), ("%s at %d"):format(type(what) == "string" and what or what[1], end_of))
      end
    end
  end)

  in_double("pass gradients to x0, x1, z and t", function()
    for _, f in ipairs(formulas) do
      local path = flow.path(f[1])
      local leaves = { fm.parameter(x0), fm.parameter(x1), fm.parameter(z), fm.parameter(fm.tensor(times)) }
      assert(fm.gradcheck(function(p, q, r, t) return (path:sample(p, q, t, r)) end, leaves), name_of(f[1]))
      assert(fm.gradcheck(function(p, q, r) return (select(2, path:sample(p, q, fm.tensor(times), r))) end, { leaves[1], leaves[2], leaves[3] }))
    end
  end)

  it("take part in the loss by name and options, whatever is predicted", function()
    for _, f in ipairs(formulas) do
      local path = f[1]
      local noise = fm.rng(9):normal(5, 3)
      local xt, u = flow.path(path):sample(x0, x1, fm.tensor(times), noise)
      local size = {}
      for i, t in ipairs(times) do size[i] = select(5, f[2](t)) end
      local g = fm.tensor(size):reshape(-1, 1)
      local want = {
        velocity = (xt * 0.5 - u):square():mean():item(),
        data = (xt * 0.5 - x1):square():mean():item(),
        noise = (xt * 0.5 - noise):square():mean():item(),
        score = (xt * 0.5 * g + noise):square():mean():item(),
      }
      for predict, value in pairs(want) do
        local got = flow.loss(function(x) return x * 0.5 end, x1, { x0 = x0, t = fm.tensor(times), rng = fm.rng(9), path = path, predict = predict }):item()
        assert.near(value, got, tight * 10 * (1 + value), name_of(path) .. " " .. predict)
        for _, t in ipairs { 0, 1 } do
          assert(finite(flow.loss(function(x) return x * 0.5 end, x1, { x0 = x0, t = t, rng = fm.rng(9), path = path, predict = predict }):item()))
        end
      end
    end
  end)

  it("a script's table is made a path once, and anew when it has changed", function()
    local what = { "interpolant", gamma = "sqrt" }
    local paths = require "fm.flow.path"
    local first = paths.of("test", what)
    assert.equal(first, paths.of("test", what))
    what.gamma = "quadratic"
    local second = paths.of("test", what)
    assert.not_equal(first, second)
    assert.near(0.1875, select(5, second:coefficients(0.25)), 1e-12)
    what.guard = 1e-3
    assert.not_equal(second, paths.of("test", what))
  end)
end)

describe("of a unit normal source, a path with noise", function()
  checks.no_bytes_stay(before_each, after_each)

  -- The path without noise that has the same marginals, and the exact flow on it.
  local function exact_on(path)
    local marginal = require "fm.flow.path.parts.marginal"("test", path)
    local same = flow.path { a = function(t) return path.a(t) + t * 0 end, s = marginal.s, da = path.da, ds = marginal.ds }
    return flow.exact.gaussian { mean = { 1, -1 }, std = 0.5, path = same }
  end

  local function each(f)
    for _, formula in ipairs(formulas) do f(formula[1], flow.path(formula[1]), formula[2]) end
  end

  it("has that velocity: the mean of u, given x", function()
    local n = 200000
    local source, noise = fm.rng(1):normal(n, 1), fm.rng(2):normal(n, 1)
    local data = fm.rng(3):normal(n, 1) * 0.5
    each(function(name, path)
      local t = 0.35
      local xt, u = path:sample(source, data, t, noise)
      local slope = (xt * u):mean():item() / (xt * xt):mean():item() -- all normal: E[u | x] = slope x
      local v = flow.path { a = function(at) return path.a(at) + at * 0 end, s = require "fm.flow.path.parts.marginal"("test", path).s }
      local want = flow.exact.gaussian { mean = 0, std = 0.5, dim = 1, path = v }(fm.ones(1, 1), t):item()
      assert.near(want, slope, 0.03, name_of(name))
    end)
  end)

  it("tells score and posterior, and a velocity from any prediction", function()
    local x = fm.rng(1):normal(4, 2)
    each(function(name, path)
      local target = exact_on(path)
      local score, posterior = flow.score(target, { path = path }), flow.posterior(target, { path = path })
      local models = {
        data = function(y, t) return (posterior(y, t)) end,
        score = function(y, t) return target:score(y, t) end,
        noise = function(y, t)
          local g = path.noise.gamma(t)
          return target:score(y, t) * (type(g) == "number" and -g or g:reshape(-1, 1) * -1)
        end,
      }
      for _, t in ipairs { 0.2, 0.4, 0.7, 0.9, fm.tensor { 0.2, 0.4, 0.7, 0.9 } } do
        assert(apart(score(x, t), target:score(x, t)) < (double and 1e-8 or 1e-3), name_of(name))
        local x1_of, x0_of = posterior(x, t)
        local s = require "fm.flow.path.parts.marginal"("test", path).s(t)
        if name[1] ~= "encoding_decoding" then -- which has no data in it at first
          local a = path.a(t)
          local total = x1_of * (type(a) == "number" and a or a:reshape(-1, 1)) + x0_of * (type(s) == "number" and s or s:reshape(-1, 1))
          assert(apart(total, x) < (double and 1e-9 or 1e-4), name_of(name))
        end
        for predict, model in pairs(models) do
          local v = flow.velocity(model, { predict = predict, path = path })(x, t)
          assert(apart(v, target(x, t)) < (double and 1e-8 or 2e-3), name_of(name) .. " " .. predict)
        end
      end
      for _, t in ipairs { 0, 1e-30, 0.5, 1 - 2.0 ^ -24, 1 } do
        for _, at in ipairs { t, fm.full(4, t) } do
          assert(finite((score(x, at))) and finite((posterior(x, at))))
          for predict in pairs(models) do
            assert(finite(flow.velocity(function(y) return y * 0.5 end, { predict = predict, path = path })(x, at)), name_of(name) .. " " .. predict)
          end
        end
      end
    end)
  end)

  it("is sampled by ODE and SDE from its source to the data", function()
    local n = 4000
    for _, name in ipairs { { "interpolant", gamma = "quadratic" }, "schrodinger_bridge", "trig", "i_cfm" } do
      local path = flow.path(name)
      local target = exact_on(path)
      local start = path:source(n, 2, fm.rng(1))
      local x = fm.ode.solve(target, start, { method = "rk4", steps = 20 })
      local wide = name == "i_cfm" and (0.25 + 0.01) ^ 0.5 or 0.5
      assert.near(1, x:mean(1)[1], 0.05)
      assert.near(wide, x:var(1)[1] ^ 0.5, 0.05)
      local y = fm.sde.solve(target, start, { w = 0.2, rng = fm.rng(2), path = path, steps = 60, method = "heun" })
      assert.near(-1, y:mean(1)[2], 0.05)
      assert.near(0.5, y:var(1)[2] ^ 0.5, 0.06)
    end
  end)

  it("starts there, or says why not", function()
    assert.near(1, flow.path "trig":source(20000, 1, fm.rng(1)):var():item(), 0.05)
    raises("path:source: s%(0%) is 0: the path does not start as a normal", function() flow.path "mirror":source(3, 2, fm.rng(1)) end)
    local own = flow.path { a = function(t) return t end, s = function(t) return 1 - t end, gamma = "sqrt",
      source = function(n, dim, rng) return rng:uniform(n, dim) end }
    assert.same({ 3, 2 }, own:source(3, 2, fm.rng(1)):shape())
    raises("score: path: it has noise around its line and a source of its own", flow.score, function(x) return x end, { path = own })
    raises("velocity: path: it has noise around its line and a source of its own", flow.velocity, function(x) return x end, { path = own, predict = "data" })
    assert(flow.velocity(function(x) return x end, { path = own }))
  end)
end)

describe("coefficients", function()
  checks.no_bytes_stay(before_each, after_each)

  it("are shaped as t, constants included, for every path", function()
    local mine = { a = function(t) return t end, s = function() return 0.5 end }
    local list = { mine, { a = function(t) return t:reshape(-1) end, s = function() return fm.ones(1) end }, -- given in shapes of their own
      { a = function(t) return t end, s = function(t) return 1 - t end, gamma = function() return 2 end } }
    for _, name in ipairs { "linear", "poly", "vp", "linear_vp", "cosine", "ve", "lipman", "i_cfm", "schrodinger_bridge", "interpolant", "trig",
      "encoding_decoding", "mirror", "one_sided" } do
      list[#list + 1] = name
    end
    for _, what in ipairs(list) do
      local path = flow.path(what)
      for _, shape in ipairs { {}, { 1 }, { 1, 1 }, { 4 }, { 4, 1 }, { 2, 3 }, { 2, 1, 3 }, { 0 } } do
        local t = fm.full(shape, 0.5)
        local all = { path:coefficients(t) }
        assert.equal(path.noise and 6 or 4, #all)
        for _, c in ipairs(all) do assert.same(shape, c:shape()) end
        for i, number in ipairs { path:coefficients(0.5) } do
          assert.equal("number", type(number))
          if t:count() > 0 then assert.near(number, all[i]:reshape(-1)[1], 1e-5) end
        end
      end
    end
  end)
end)
