-- Optimizers, schedules and averages against their formulas, one number at a time: every option
-- beside every other, clipping too.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local optim <const> = fm.optim

local start <const>, slopes <const> = { 0.5, -1.5, 2 }, { 3, -1, 0.25 } -- the loss: the sum of slopes w + w^2 / 2
local steps <const> = 4

local function gradient(w)
  local g = {}
  for i, v in ipairs(w) do g[i] = slopes[i] + v end
  return g
end

--- What a gradient is multiplied by.
local function clipped(g, clip)
  local squares = 0
  for _, v in ipairs(g) do squares = squares + v * v end
  return clip and math.min(1, clip / (math.sqrt(squares) + 1e-6)) or 1, math.sqrt(squares)
end

local function adam(o, decoupled)
  local m, v = { 0, 0, 0 }, { 0, 0, 0 }
  return function(p, g, i, k)
    local b1, b2 = o.betas[1], o.betas[2]
    if not decoupled then g = g + o.weight_decay * p end
    m[i], v[i] = b1 * m[i] + (1 - b1) * g, b2 * v[i] + (1 - b2) * g * g
    local moved = o.lr * (m[i] / (1 - b1 ^ k)) / (math.sqrt(v[i] / (1 - b2 ^ k)) + o.eps)
    return p - moved - (decoupled and o.lr * o.weight_decay * p or 0)
  end
end

local function sgd(o)
  local velocity = { 0, 0, 0 }
  return function(p, g, i)
    g = g + o.weight_decay * p
    velocity[i] = o.momentum * velocity[i] + g
    return p - o.lr * (o.nesterov and g + o.momentum * velocity[i] or velocity[i])
  end
end

local rules <const> = { adam = adam, adamw = function(o) return adam(o, true) end, sgd = sgd }

--- The numbers after each step, and the norms that clipping tells.
local function expected(name, o, clip)
  local rule, w, all, norms = rules[name](o), table.move(start, 1, 3, 1, {}), {}, {}
  for k = 1, steps do
    local g = gradient(w)
    local scale, norm = clipped(g, clip)
    for i = 1, 3 do w[i] = rule(w[i], g[i] * scale, i, k) end
    all[k], norms[k] = table.move(w, 1, 3, 1, {}), norm
  end
  return all, norms
end

describe("the formula of", function()
  checks.no_bytes_stay(setup, teardown)

  local function check(name, o, clip)
    local w, slope = fm.parameter(fm.tensor(start)), fm.tensor(slopes)
    local given = {}
    for key, value in pairs(o) do given[key] = value end
    local opt = optim[name]({ w }, given)
    local all, norms = expected(name, o, clip)
    for k = 1, steps do
      opt:step(function() return (w * slope + w:square() / 2):sum() end, { clip = clip })
      checks.near(w:detach(), fm.tensor(all[k]), fm.real == "double" and 1e-12 or 1e-5)
      if clip then assert.near(norms[k], opt.grad_norm, 1e-5) else assert.is_nil(opt.grad_norm) end
      assert.equal(k, opt.steps_taken)
    end
  end

  local _, norm <const> = clipped(gradient(start))
  for _, clip in ipairs { false, 0.5, norm, 100 } do
    for _, weight_decay in ipairs { 0, 0.3 } do
      local what <const> = (" with weight_decay = %g, clip = %s"):format(weight_decay, clip)
      for _, name in ipairs { "adam", "adamw" } do
        it(name .. what, function()
          for _, betas in ipairs { { 0.9, 0.999 }, { 0.5, 0.8 }, { 0, 0.9 } } do
            for _, eps in ipairs { 1e-8, 0.5 } do check(name, { lr = 0.1, betas = betas, eps = eps, weight_decay = weight_decay }, clip or nil) end
          end
        end)
      end
      it("sgd" .. what, function()
        for _, momentum in ipairs { 0, 0.7 } do
          for _, nesterov in ipairs { false, momentum > 0 } do
            check("sgd", { lr = 0.1, momentum = momentum, nesterov = nesterov, weight_decay = weight_decay }, clip or nil)
          end
        end
      end)
    end
  end

  it("schedules: warmup steps up to lr, then the shape of the steps after them", function()
    local shapes <const> = {
      cosine = function(o, n) return o.floor + (1 - o.floor) * (1 + math.cos(math.pi * math.min(1, n / math.max(1, o.steps - o.warmup)))) / 2 end,
      linear = function(o, n) return 1 + (o.floor - 1) * math.min(1, n / math.max(1, o.steps - o.warmup)) end,
      step = function(o, n) return o.factor ^ (n // o.every) end,
    }
    for name, shape in pairs(shapes) do
      for _, warmup in ipairs { 0, 1, 4, 10, 12 } do
        for _, floor in ipairs { 0, 0.25 } do
          local o = { lr = 0.3, warmup = warmup, steps = 10, floor = floor, every = 3, factor = 0.5 }
          local given = name == "step" and { lr = 0.3, warmup = warmup, every = 3, factor = 0.5 } or { lr = 0.3, warmup = warmup, steps = 10, floor = floor }
          local rate = optim[name](given)
          for k = 0, 25 do
            local wanted = k < warmup and o.lr * (k + 1) / (warmup + 1) or o.lr * shape(o, k - warmup)
            assert.near(wanted, rate(k), 1e-12, ("%s after %d of %d"):format(name, k, warmup))
          end
        end
      end
    end
  end)

  it("averages: decay, or less in the first updates with warmup", function()
    for _, warmup in ipairs { false, true } do
      local w = fm.parameter(fm.tensor { 1 })
      local average, wanted = optim.ema({ w }, { decay = 0.3, warmup = warmup }), 1
      for n = 1, 6 do
        w:copy(fm.tensor { n * n })
        average:update()
        local decay = warmup and math.min(0.3, (1 + n) / (10 + n)) or 0.3
        wanted = decay * wanted + (1 - decay) * n * n
        assert.near(wanted, average.average[1], 1e-4)
        assert.equal(n, average.updates)
      end
    end
  end)

  it("a step: a loss that is -inf or nan changes nothing, and is returned", function()
    for _, value in ipairs { -math.huge, math.huge, 0 / 0 } do
      local w = fm.parameter(fm.tensor(start))
      local opt = optim.sgd({ w }, { lr = 1 })
      local loss = opt:step(function() return (w * 0 + value):sum() + w:sum() end)
      assert.is_true(loss == value or loss ~= loss and value ~= value)
      assert.same(start, w:totable())
      assert.equal(0, opt.steps_taken)
    end
  end)
end)
