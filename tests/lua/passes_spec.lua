-- What works on large arrays outside of the ops gives the same bytes for every number of threads,
-- at sizes of several tiles with an uneven last one, and the numbers of a plain loop.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"

local double <const> = fm.real == "double"
local tile <const> = 16384 -- FM_TILE
local sizes <const> = { tile, tile + 1, 3 * tile + 77, 4 * tile, 9 * tile + 1 } -- 4 tiles make a light one

local function list_of(result)
  return type(result) == "table" and result or { result }
end

-- Bit for bit but for the sign of 0; a NaN equals nothing.
local function equal(a, b)
  if type(a) == "number" then return a == b end
  return (a - b):abs():sum():item() == 0
end

-- f() -> a tensor, a number or a list of them, which are the same with 1, 2, 3, 4 and 8 threads.
local function same_for_all_threads(what, f)
  local first
  for _, n in ipairs { 1, 2, 3, 4, 8 } do
    fm.system.threads(n)
    local found = list_of(f())
    fm.system.threads(1)
    first = first or found
    assert.equal(#first, #found)
    for i, x in ipairs(found) do
      if not equal(x, first[i]) then error(("%s: result %d differs with %d threads"):format(what, i, n)) end
    end
  end
  return table.unpack(first)
end

-- Parameters of odd sizes that make n numbers, and a loss whose gradient is uneven.
local function parameters_of(n)
  local rng, list, rest = fm.rng(3), {}, n
  for _, part in ipairs { 1, 3, 1000, tile, 70, tile + 5 } do
    if rest <= part then break end
    list[#list + 1] = fm.parameter(rng:normal(part))
    rest = rest - part
  end
  list[#list + 1] = fm.parameter(rng:normal(rest))
  return list
end

local function loss_of(list)
  local sum = fm.tensor(0)
  for i, p in ipairs(list) do sum = sum + (p * p * p):sum() * (0.1 * i) end
  return sum
end

local function trained(n, new)
  local list = parameters_of(n)
  local opt <const>, average <const> = new(list), fm.optim.ema(list, { decay = 0.9 })
  for step = 1, 3 do
    opt:step(function() return loss_of(list) end, step == 2 and { clip = 1 } or nil)
    average:update()
  end
  local result = { table.unpack(list) }
  result[#result + 1] = opt.grad_norm
  average:swap(function()
    for _, p in ipairs(list) do result[#result + 1] = p:detach():clone() end
  end)
  for _, p in ipairs(list) do result[#result + 1] = p:detach() end
  return result
end

-- What before_update sees of parameters of which every second has no gradient.
local function shown(n)
  local list, used = parameters_of(n), {}
  for i = 1, #list, 2 do used[#used + 1] = list[i] end
  local opt, result = fm.optim.adamw(list, { lr = 0.01, weight_decay = 0.5 }), {}
  opt:step(function() return loss_of(used) end, { before_update = function(gradient) result[1] = gradient:detach():clone() end })
  return table.move(list, 1, #list, 2, result)
end

local function spiral(x, t)
  if type(t) ~= "number" then t = t:reshape(-1, 1) end
  return (x * (t + 1)):sin() - x
end

describe("all threads", function()
  checks.no_bytes_stay(before_each, after_each)
  after_each(function() fm.system.threads(1) end)

  it("change no byte of an optimizer's step, its clipping and its average", function()
    for _, n in ipairs(sizes) do
      same_for_all_threads("adam", function() return trained(n, function(list) return fm.optim.adam(list, { lr = 0.01, weight_decay = 0.1 }) end) end)
      same_for_all_threads("sgd", function()
        return trained(n, function(list) return fm.optim.sgd(list, { lr = 0.01, momentum = 0.9, nesterov = true }) end)
      end)
      same_for_all_threads("before_update", function() return shown(n) end)
    end
  end)

  it("clip by the norm of all gradients", function()
    local n = 3 * tile + 77
    local list = parameters_of(n)
    local sum = 0
    for i, p in ipairs(list) do
      for _, x in ipairs(p:totable()) do sum = sum + (0.3 * i * x * x) ^ 2 end
    end
    local opt = fm.optim.sgd(list, { lr = 0 })
    opt:step(function() return loss_of(list) end, { clip = 1 })
    assert.near(1, opt.grad_norm / sum ^ 0.5, 1e-6)
  end)

  it("name the first parameter whose gradient is not finite, in any tile", function()
    local ends = { 1, 4, 1004, tile + 1004, tile + 1074, 2 * tile + 1079, 3 * tile + 77 } -- of each parameter
    for _, threads in ipairs { 1, 2, 8 } do
      fm.system.threads(threads)
      for i, at in ipairs(ends) do
        local list = parameters_of(3 * tile + 77)
        local opt = fm.optim.adam(list)
        local function spoil(g)
          g[{ at, at }] = 0 / 0
          g[{ #g, #g }] = 1 / 0
        end
        for _, clip in ipairs { false, 1 } do
          checks.raises(("the gradient of parameter %d is"):format(i), function()
            opt:step(function() return loss_of(list) end, { before_update = spoil, clip = clip or nil })
          end)
        end
      end
    end
  end)

  it("change no byte of a solve, and an end is that of each row alone", function()
    for _, n in ipairs(sizes) do
      local x0 = fm.rng(5):normal(n, 1)
      for _, o in ipairs {
        { method = "euler", steps = 3 }, { method = "ab3", steps = 5 }, { method = "rk45", rtol = 1e-3, times = { 0.5, 1 } },
        { method = "rk45", rtol = 1e-3, control = "sample" }, { method = { step = function(f, t, x, h) return x + f(x, t) * h end }, steps = 3 },
      } do
        local found = same_for_all_threads(tostring(o.method) .. n, function() return (fm.ode.solve(spiral, x0, o)) end)
        if o.steps then
          local part = fm.ode.solve(spiral, x0[{ n, n }], o)
          assert.equal(found[{ n, n }]:item(), part:item())
        end
      end
    end
  end)

  it("see a number that is not finite in any tile of a solve", function()
    for _, threads in ipairs { 1, 2, 8 } do
      fm.system.threads(threads)
      for _, where in ipairs { 1, tile, tile + 1, 2 * tile + 5 } do
        local x0 = fm.zeros(2 * tile + 5)
        local kick = fm.zeros(2 * tile + 5)
        kick[{ where, where }] = 1
        local function field(_, t) return t > 0.5 and kick / 0 or kick end
        checks.raises("not finite", function() fm.ode.solve(function(x, t) return x * 0 + field(x, t) end, x0, { method = "euler", steps = 4 }) end)
        x0[{ where, where }] = 1 / 0
        checks.raises("not finite", function() fm.ode.solve(function(x) return x end, x0, { method = "euler", steps = 4 }) end)
      end
    end
  end)

  it("change no byte of a gradient through a solve", function()
    for _, n in ipairs { tile, 2 * tile + 77 } do
      local x0 = fm.rng(5):normal(n)
      same_for_all_threads("gradient", function()
        local p = fm.parameter(x0)
        local tape <close> = fm.record()
        fm.ode.solve(spiral, p * 1, { method = "rk4", steps = 2 }):square():sum():backward()
        return p:grad():detach():clone()
      end)
    end
  end)

  it("change no byte of a random stream, drawn at once or in parts", function()
    for _, n in ipairs(sizes) do
      same_for_all_threads("random", function()
        local rng = fm.rng(1, "a")
        return { rng:normal(n), rng:uniform(n), rng:integers(n, -5, 1000), rng:integers(n, 1, 7, { first_row = 12 }) }
      end)
    end
    fm.system.threads(3)
    local whole = fm.rng(7):integers(2 * tile + 3, 1, 1000000):totable()
    fm.system.threads(1)
    for i = 1, 200 do assert.equal(whole[i], fm.rng(7):integers(200, 1, 1000000)[i]) end
  end)

  it("change no byte of what fills tensors", function()
    for _, n in ipairs(sizes) do
      local full, between, steps = same_for_all_threads("fill", function()
        local x = fm.zeros(n, 2)
        x[{ {}, { 2, 2 } }] = 3
        x[{ {}, { 1, 1 } }] = fm.range(1, n):reshape(n, 1)
        return { fm.full({ n }, 2.5), fm.linspace(0, 1, n), fm.range(1, n), x, fm.eye(n % 300) }
      end)
      assert.same({ 2.5, 0, 1, n }, { full[n], between[1], between[n], steps[n] })
    end
  end)

  local function samples(n, m, d)
    local rng = fm.rng(11)
    return rng:normal(n, d), rng:normal(m, d) * 1.1 + 0.3
  end

  it("change no byte of a metric", function()
    local metrics <const> = fm.metrics
    for _, size in ipairs { { 700, 2 }, { 257, 30 }, { 65, 300 } } do
      local n, d = size[1], size[2]
      local a, b = samples(n, n, d)
      local more = fm.cat(b, b[{ 1, 41 }] + 1, { axis = 1 })
      for name, f in pairs {
        mmd = function() return { metrics.mmd(a, more), metrics.mmd(a, b, { unbiased = true }), metrics.kid(a, more) } end,
        energy = function() return metrics.energy_distance(a, more) end,
        sliced = function() return metrics.sliced_wasserstein2(a, b, { projections = 37 }) end,
        w1 = function() return { metrics.wasserstein1(a, b), metrics.wasserstein2(a, b) } end,
        frechet = function() return d < 100 and metrics.frechet_distance(a, more) or 0 end,
        nearest = function() return { metrics.nearest(a, more) } end,
        balls = function()
          local precision, recall = metrics.precision_recall(a, more)
          local density, coverage = metrics.density_coverage(more, a)
          return { precision, recall, density, coverage }
        end,
      } do same_for_all_threads(name, f) end
    end
  end)

  it("change no byte of a plan of transport", function()
    for _, size in ipairs { { 300, 200 }, { 1, 40 }, { 129, 700 } } do
      local a, b = samples(size[1], size[2], 3)
      for _, reg in ipairs { 1, 1e-3 } do
        same_for_all_threads("plan", function()
          local plan, info = fm.flow.transport_plan(a, b, { reg = reg, iterations = 30 })
          return { plan, info.iterations, info.error }
        end)
      end
    end
  end)

  it("find the first row that is not finite", function()
    for _, threads in ipairs { 1, 2, 8 } do
      fm.system.threads(threads)
      for _, row in ipairs { 1, tile // 8, tile // 8 + 1, 9999 } do
        local x = fm.zeros(9999, 8)
        x[{ row, { 5, 5 } }] = 0 / 0
        x[{ 9999, { 8, 8 } }] = 1 / 0
        checks.raises("row " .. row, fm.metrics.nearest, x, fm.zeros(1, 8))
      end
    end
  end)

  it("sort projections as a plain sort does", function()
    local rng = fm.rng(4)
    for _, n in ipairs { 511, 512, 3001 } do
      local a, b = rng:normal(n), rng:normal(n) * 1e3
      a[{ 1, 40 }], b[{ 5, 9 }] = 0, -0.0
      local p, q, sum = a:totable(), b:totable(), 0
      table.sort(p)
      table.sort(q)
      for i = 1, n do sum = sum + (p[i] - q[i]) ^ 2 end
      assert.near(1, fm.metrics.sliced_wasserstein2(a, b, { directions = fm.ones(1, 1) }) / (sum / n) ^ 0.5, 1e-12)
    end
  end)

  it("measure Gaussians of many dimensions", function()
    -- of A and 4 A: tr (A + 4 A - 2 (A^1/2 4 A A^1/2)^1/2) = tr A
    local a = samples(400, 1, 300)
    a = a - a:mean { axis = 1 }
    local trace = a:square():sum():item() / 399
    local squared = same_for_all_threads("frechet", function() return fm.metrics.frechet_distance(a, a * 2) end)
    assert.near(1, squared / trace, double and 1e-9 or 1e-5)
    same_for_all_threads("pca", function() return { fm.measure.components(a, 300) } end)
    local _, v = fm.measure.components(a, 300)
    assert.near(0, (v:transpose():matmul(v) - fm.eye(300)):abs():max():item(), double and 1e-12 or 1e-5)
  end)

  it("measure covariances as plain loops do", function()
    local n, d = 50, 67
    local x = fm.rng(9):normal(n, d) + 5
    local rows = x:totable()
    local mean, components = fm.measure.components(x, 3)
    local found = mean:totable()
    for j = 1, d do
      local sum = 0
      for i = 1, n do sum = sum + rows[i][j] end
      assert.near(sum / n, found[j], 1e-5)
    end
    -- the first component is an eigenvector of the covariance: C v = lambda v
    local centred = x - mean
    local v = components[{ {}, { 1, 1 } }]
    local image = centred:transpose():matmul(centred:matmul(v)) / (n - 1)
    local lambda = (image * v):sum():item()
    assert.near(0, (image - v * lambda):abs():max():item(), 1e-3)
  end)
end)
