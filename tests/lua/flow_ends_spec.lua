-- Paths, losses and fields at the ends of 0..1 and near them: finite, and right to the accuracy of
-- the numbers.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, ode <const> = fm.flow, fm.ode
local double <const> = fm.real == "double"

-- Times whose numbers of `real` are 0, the smallest above it, and so on to 1.
local times <const> = { 0, double and 2.0 ^ -1074 or 2.0 ^ -149, 1e-38, 1e-20, 1e-7, 1e-3, 0.3, 0.5, 0.9, 1 - 1e-3, 1 - 1e-7, 1 - 2.0 ^ -24, 1 }
if double then table.insert(times, #times, 1 - 2.0 ^ -53) end

local function one_less_exp(x) -- 1 - e^-x by its series
  if x > 0.5 then return 1 - math.exp(-x) end
  local term, sum = x, x
  for k = 2, 30 do
    term = -term * x / k
    sum = sum + term
  end
  return sum
end

local half <const> = math.pi / 2
local function vp_total(t) return (1 - t) ^ 2 * 19.9 / 2 + (1 - t) * 0.1 end

-- a, s, da, ds by formulas that lose no digits, in double, for a t that is exact.
local reference <const> = {
  linear = function(t) return t, 1 - t, 1, -1 end,
  lipman = function(t) return t, (1 - t) + 1e-4 * t, 1, -(1 - 1e-4) end,
  poly = function(t) return t ^ 3, (1 - t) * (1 + t + t * t), 3 * t ^ 2, -3 * t ^ 2 end,
  linear_vp = function(t)
    local s = ((1 - t) * (1 + t)) ^ 0.5
    return t, s, 1, -t / s
  end,
  cosine = function(t) return math.sin(half * t), math.sin(half * (1 - t)), half * math.sin(half * (1 - t)), -half * math.sin(half * t) end,
  ve = function(t)
    local s = 0.01 * 200 ^ (1 - t)
    return 1, s, 0, -math.log(200) * s
  end,
  vp = function(t)
    local T, slope = vp_total(t), -(1 - t) * 19.9 - 0.1
    local a, s = math.exp(-T / 2), one_less_exp(T) ^ 0.5
    return a, s, -0.5 * slope * a, 0.5 * slope * math.exp(-T) / s
  end,
}

-- Scripts' own paths, whose slopes come from the tape.
local mine <const> = {
  circle = { a = function(t) return t end, s = function(t) return (1 - t * t) ^ 0.5 end },
  diffusion = { -- 1 - exp(-T) has no digits left near t = 1
    a = function(t) return fm.exp((1 - t) * (1 - t) * -4.975 - (1 - t) * 0.05) end,
    s = function(t) return fm.sqrt(1 - fm.exp((1 - t) * (1 - t) * -9.95 - (1 - t) * 0.1)) end,
  },
  square = { a = function(t) return t * t end, s = function(t) return ((1 - t) * (1 - t)) ^ 0.5 end }, -- the slope of s is inf * 0 at t = 1
}

local paths <const> = { "linear", "lipman", { "lipman", sigma_min = 0 }, "poly", { "poly", n = 0.5 }, { "poly", n = 2.5 }, "vp", { "vp", beta_min = 0 },
  "linear_vp", "cosine", "ve", mine.circle, mine.diffusion, mine.square }

local function name_of(path)
  if type(path) == "string" then return path end
  for name, other in pairs(mine) do
    if other == path then return "mine." .. name end
  end
  return path[1] .. fm.json.encode { path.n or path.sigma_min or path.beta_min }
end

local function finite(x)
  if type(x) == "number" then return x - x == 0 end
  return (x:detach() * 0):sum():item() == 0
end

-- The time as a number, and as a tensor [4] of `real`.
local function both_kinds(t)
  return ipairs { t, fm.full(4, t) }
end

local function apart(x, want)
  return (x - want):abs():max():item() / (1 + want:abs():max():item())
end

describe("at the ends of a path", function()
  checks.no_bytes_stay(before_each, after_each)

  it("coefficients are right to the accuracy of the numbers, and finite", function()
    for name, expected in pairs(reference) do
      local path = flow.path(name)
      for _, t in ipairs(times) do
        for kind, given in both_kinds(t) do
          local exact = type(given) == "number" and given or given[1]
          local want, got = { expected(exact) }, { path:coefficients(given) }
          for i, what in ipairs { "a", "s", "da", "ds" } do
            local found = kind == 1 and got[i] or got[i][1]
            assert(finite(found), ("%s: %s(%.17g) is %g"):format(name, what, exact, found))
            local limit = (kind == 1 or double) and 1e-12 or 1e-6
            if exact > 1e-30 and finite(want[i]) then
              assert(math.abs(found - want[i]) <= limit * math.abs(want[i]) + 1e-37,
                ("%s: %s(%.17g) is %.9g, expected %.9g"):format(name, what, exact, found, want[i]))
            end
          end
        end
      end
    end
    local s = select(2, flow.path "vp":coefficients(fm.tensor { 1 - 1.2e-7 }))
    assert.near(1.09e-4, s[1], 1e-6)
  end)

  it("a slope without a bound is that of the number next to the end", function()
    local next_to = double and 1 - 2.0 ^ -53 or 1 - 2.0 ^ -24
    for _, path in ipairs { flow.path "vp", flow.path "linear_vp", flow.path(mine.circle) } do
      local ds = select(4, path:coefficients(fm.tensor { next_to, 1, 0.5 }))
      assert.equal(ds[1], ds[2])
      assert.equal(select(4, path:coefficients(fm.tensor { 0.5 }))[1], ds[3])
      assert(ds[1] < -100)
    end
    local c = { flow.path "linear":coefficients(fm.tensor { { 0.25 }, { 1 } }) }
    for i = 1, 4 do assert.same({ 2, 1 }, c[i]:shape()) end
    assert.same({ 1, 1 }, c[3]:reshape(-1):totable())
    assert.same({ 0.25, 0.75, 1, -1 }, { flow.path "linear":coefficients(0.25) })
  end)

  it("the loss is finite, whatever is predicted and however it is weighted", function()
    local x0, x1 = fm.rng(1):normal(4, 3), fm.rng(2):normal(4, 3)
    for _, path in ipairs { table.unpack(paths), "i_cfm", "schrodinger_bridge" } do
      local made = flow.path(path)
      for _, t in ipairs(times) do
        for _, given in both_kinds(t) do
          for _, predict in ipairs { "velocity", "data", "noise", "score" } do
            for _, weight in ipairs { false, function(s) return s * 0 + 1 end } do
              local loss = flow.loss(function(x) return x * 0.5 end, x1,
                { x0 = x0, t = given, rng = fm.rng(3), path = made, predict = predict, weight = weight or nil }):item()
              assert(finite(loss), ("%s, %s: the loss at t = %.17g is %g"):format(name_of(path), predict, t, loss))
            end
          end
        end
      end
    end
  end)

  it("draws no time outside of 0..1, nor 1 itself", function()
    local function uniform(value)
      return { normal = function(_, n) return fm.full(n, 1e3) end, permutation = function(_, n) return fm.range(1, n) end,
        uniform = function(_, n) return fm.full(n, value) end }
    end
    local n, last = 4096, double and 1 - 2.0 ^ -53 or 1 - 2.0 ^ -24
    for _, value in ipairs { 0, 0.5, last } do
      for _, time in ipairs { "uniform", "stratified", "logit_normal" } do
        local seen
        flow.loss(function(x, t)
          seen = t:detach()
          return x
        end, fm.zeros(n, 1), { x0 = fm.zeros(n, 1), rng = uniform(value), time = time })
        assert(seen:min():item() >= 0 and seen:max():item() < 1, time)
      end
    end
  end)

  -- Of an exact flow, what each kind of model would predict.
  local function predictions(target, path)
    local posterior = flow.posterior(target, { path = path })
    return {
      data = function(x, t) return (posterior(x, t)) end,
      noise = function(x, t) return (select(2, posterior(x, t))) end,
      score = function(x, t) return target:score(x, t) end,
    }
  end

  it("velocity, score and posterior are finite, and those of the exact flow", function()
    local x = fm.rng(1):normal(4, 3)
    for _, path in ipairs(paths) do
      local made, name = flow.path(path), name_of(path)
      local target = flow.exact.gaussian { mean = { 1, 0, -1 }, std = 0.5, path = made }
      local score, posterior = flow.score(target, { path = made }), flow.posterior(target, { path = made })
      local half_of = function(at) return at * 0.5 end
      for _, t in ipairs(times) do
        for _, given in both_kinds(t) do
          local where <const> = ("%s at t = %.17g, a %s: "):format(name, t, type(given))
          local v, found = target(x, given), score(x, given)
          assert(finite(v), where .. "the exact velocity")
          assert(finite((flow.score(half_of, { path = made })(x, given))), where .. "a score")
          local x1, x0 = posterior(x, given)
          assert(finite(x1) and finite(x0), where .. "the posterior")
          local a, s = made.a(given), made.s(given)
          if fm.is_tensor(a) then a = a:reshape(-1, 1) end
          if fm.is_tensor(s) then s = s:reshape(-1, 1) end
          if t > 2e-3 or name ~= "poly[0.5]" then assert(apart(x1 * a + x0 * s, x) < 2e-3, where .. "the posterior is off") end
          assert(apart(found, target:score(x, given)) < 6e-3, where .. "the score is off") -- read 1e-3 away
          for predict, model in pairs(predictions(target, made)) do
            assert(finite(flow.velocity(half_of, { predict = predict, path = made })(x, given)), where .. predict)
            local off = apart(flow.velocity(model, { predict = predict, path = made })(x, given), v)
            local steep = t < 2e-3 and name == "poly[0.5]" or t > 1 - 2e-3 -- there it is read 1e-3 away
            assert(off < (steep and (t < 0.5 and 1.1 or 0.15) or 2e-2), where .. predict .. " off by " .. off)
          end
        end
      end
    end
  end)

  it("fields take a time for each row", function()
    local x, t = fm.rng(1):normal(4, 3), fm.tensor { 0, 0.3, 0.9, 1 }
    for _, path in ipairs(paths) do
      local made = flow.path(path)
      local target = flow.exact.gaussian { mean = { 1, 0, -1 }, std = 0.5, path = made }
      local fields = { flow.score(target, { path = made }), flow.posterior(target, { path = made }), target }
      for predict, model in pairs(predictions(target, made)) do fields[#fields + 1] = flow.velocity(model, { predict = predict, path = made }) end
      for i, field in ipairs(fields) do
        local all = field(x, t)
        for row = name_of(path) == "poly[0.5]" and 2 or 1, 4 do -- its slope at 0 has no bound
          assert(apart(all[{ row, row }], (field(x[{ row, row }], t[row]))) < (double and 1e-6 or 2e-3), name_of(path) .. i .. " row " .. row)
        end
      end
    end
    local picture = fm.rng(2):normal(4, 1, 2, 2)
    assert.same({ 4, 1, 2, 2 }, flow.velocity(function(y) return y end, { predict = "noise" })(picture, t):shape())
    local target = flow.exact.gaussian { mean = { 1, 0, -1 }, std = 0.5 }
    local v = flow.velocity(predictions(target).data, { predict = "data" })
    local y, info = ode.solve(v, x, { control = "sample" })
    assert.equal("finished", info.status)
    assert.near(0, apart(y, target:map(x)), 1e-3)
  end)

  it("solves of any prediction end in tens of calls", function()
    local z = fm.rng(1):normal(4, 2)
    for _, path in ipairs { "vp", "linear_vp", "cosine", "linear" } do
      local target = flow.exact.gaussian { mean = { 1, -1 }, std = 0.5, path = path }
      local models = predictions(target, path)
      for predict, model in pairs(models) do
        local field = flow.velocity(model, { predict = predict, path = path })
        for method, limit in pairs { dopri5 = 5e-4, rk4 = 5e-4 } do
          local x, info = ode.solve(field, z, method == "rk4" and { method = method, steps = 20 } or { method = method })
          assert.equal("finished", info.status)
          assert(info.nfe <= 80, ("%s, %s: %d calls"):format(path, predict, info.nfe))
          assert(apart(x, target:map(z)) < limit, ("%s, %s, %s: off by %g"):format(path, predict, method, apart(x, target:map(z))))
        end
      end
      -- a model that is wrong: its velocity has no bound at t = 1 on vp and linear_vp, and at t = 0
      local field = flow.velocity(function(x) return x * 0.5 end, { predict = "noise", path = path })
      assert(finite(field(z, 1)) and field(z, 1):abs():max():item() < 60)
      local x, info = ode.solve(field, z)
      assert(info.status == "finished" and info.nfe < 250 and finite(x), path .. info.nfe)
      assert(finite(ode.solve(field, z, { method = "rk4", steps = 20 })))
    end
  end)

  it("an error of predicted data stays small to the end, with every solver", function()
    local x, off = fm.rng(1):normal(4, 2), 0.05
    for _, path in ipairs { "linear", "cosine", { "poly", n = 2 } } do
      local target = flow.exact.gaussian { mean = { 1, -1 }, std = 0.5, path = flow.path(path) }
      local exact = predictions(target, flow.path(path)).data
      local field = flow.velocity(function(y, t) return exact(y, t) + off end, { predict = "data", path = path })
      local most = 0
      for _, t in ipairs { 1, 0.99999, 0.9995 } do
        most = math.max(most, (field(x, t) - target(x, t)):abs():max():item())
        assert(apart(field(x, fm.full(4, t)), field(x, t)) < 1e-3)
      end
      assert(most < 20.5 * off and most > 19 * off, most)
      for _, how in ipairs { { "heun", 5 }, { "heun", 10 }, { "heun", 50 }, { "rk4", 5 }, { "rk4", 20 }, { "rk4_38", 10 }, { "heun3", 10 }, { "ab3", 20 },
        { "midpoint", 10 }, { "euler", 20 }, { "rk45" }, { "tsit5" }, { "bosh3" }, { "dop853" }, { "adaptive_heun" } } do
        local y = ode.solve(field, x, { method = how[1], steps = how[2] }) -- off / (1 - t), integrated to 1 - 1e-3, is 6.9 off
        local error_now = (y - target:map(x)):abs():max():item()
        assert(error_now < off * 8, ("%s, %s %s: off by %g"):format(name_of(path), how[1], how[2], error_now))
      end
    end
    -- guard = 0.05 is the clamp of 1 - t that JiT has
    local field = flow.velocity(function(y) return y * 0 + 2 end, { predict = "data", guard = 0.05 })
    for _, t in ipairs { 0.3, 0.94, 0.96, 1 } do
      local other = flow.velocity(function(y) return y * 0 + 3 end, { predict = "data", guard = 0.05 })
      assert.near(1 / math.max(1 - t, 0.05), (other(x, t) - field(x, t)):mean():item(), 1e-4)
    end
  end)

  it("the score's loss is that of s times the prediction, and its minimum is the score", function()
    local x0, x1, t = fm.rng(1):normal(6, 2), fm.rng(2):normal(6, 2), fm.rng(3):uniform(6)
    for _, path in ipairs { "linear", "vp", "ve" } do
      local s = select(2, flow.path(path):coefficients(t)):reshape(-1, 1)
      local o = { x0 = x0, t = t, path = path, predict = "score" }
      local model = function(x) return x * -0.7 end
      local xt = flow.path(path):sample(x0, x1, t)
      assert.near((xt * -0.7 * s + x0):square():mean():item(), flow.loss(model, x1, o):item(), 1e-5)
      o.weight = function(at) return at * 0 + 2 end
      local want = ((xt * -0.7 + x0 / s):square():mean() * 2):item()
      assert.near(1, flow.loss(model, x1, o):item() / want, 1e-4)
      o.weight = nil
      assert.near(0, flow.loss(function() return -x0 / s end, x1, o):item(), 1e-10)
    end
  end)
end)
