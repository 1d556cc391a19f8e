-- Golden values of PyTorch and SciPy in double. fmrun64 must agree to 1e-9; fmrun (float) to the accuracy stated for each op.
local fm <const> = require "fm"

local double <const> = fm.real == "double"

local function read(name)
  local tensors, metadata = assert(fm.load("tests/golden/" .. name .. ".safetensors"))
  return tensors, fm.json.decode(metadata.cases)
end

-- Float: rounding of inputs and of sums, relative to the largest number of the tensor. Ops that cancel or divide lose more.
local float_tolerance <const> = { default = 2e-6, div = 1e-5, group_norm = 2e-5, layer_norm = 2e-5, conv2d = 1e-5, conv_transpose2d = 1e-5, log_softmax = 5e-6,
  cross_entropy = 5e-6, pow = 5e-6, attention = 1e-5, logsumexp = 5e-6, var = 5e-6 }

local function tolerance(op)
  return double and 1e-9 or float_tolerance[op] or float_tolerance.default
end

--- The largest difference, relative to the largest number.
local function distance(got, want)
  if type(got) == "number" then return math.abs(got - want) / math.max(math.abs(want), 1e-300) end
  assert.same(want:shape(), got:shape())
  local top = math.max(want:abs():max():item(), 1e-30)
  return (got - want):abs():max():item() / top
end

local function near(got, want, limit, what)
  local d = distance(got, want)
  if not (d <= limit) then error(("%s: off by %.3g, allowed %.3g"):format(what, d, limit), 2) end
end

describe("golden ops", function()
  local tensors, cases = read "ops"
  for _, case in ipairs(cases) do
    it(case.name, function()
      local inputs, limit = {}, tolerance(case.op)
      for i, name in ipairs(case["in"]) do
        local has_grad = case.grad_in and case.grad_in[i] and case.grad_in[i] ~= fm.json.null
        inputs[i] = has_grad and fm.parameter(tensors[name]) or tensors[name]
      end
      inputs[#inputs + 1] = case.args
      local tape <close> = fm.record()
      local y = fm[case.op](table.unpack(inputs))
      local want, grad_out = tensors[case.out[1]], tensors[case.grad_out[1]]
      near(y:reshape(want:shape()), want, limit, case.op)
      y:backward(grad_out:reshape(y:shape()))
      for i, name in ipairs(case.grad_in) do
        if name ~= fm.json.null then near(inputs[i]:grad(), tensors[name], limit, case.op .. ": gradient " .. i) end
      end
    end)
  end
end)

describe("golden vector field", function()
  local nn, flow, optim, ode = fm.nn, fm.flow, fm.optim, fm.ode
  local tensors, cases = read "vector_field"
  local case = {}
  for _, c in ipairs(cases) do case[c.name] = c end
  local one = case.one_step
  local function state_of(names)
    local state = {}
    for key, name in pairs(names) do state[key] = tensors[name] end
    return state
  end
  local function fresh(names)
    return nn.vector_field { dim = one.dim, hidden = one.hidden, time_embed = one.time_embed }:load_state(state_of(names))
  end
  local limit = double and 1e-9 or 1e-4

  it("one step: path, velocity, loss and every gradient", function()
    local model = fresh(one.state)
    local x0, x1, t = tensors[one.x0], tensors[one.x1], tensors[one.t]
    local xt, u = flow.path "linear":sample(x0, x1, t)
    near(xt, tensors[one.xt], limit, "xt")
    near(u, tensors[one.u], limit, "u")
    near(model(xt, t), tensors[one.v], limit, "v")
    local tape <close> = fm.record()
    local loss = flow.loss(model, x1, { x0 = x0, t = t })
    near(loss:item(), one.loss, limit, "loss")
    loss:backward()
    local state = model:state()
    for key, name in pairs(one.grads) do near(state[key]:grad(), tensors[name], limit, key) end
  end)

  local recipes = {
    adam = function(m) return optim.adam(m, { lr = 1e-3 }) end,
    adamw = function(m) return optim.adamw(m, { lr = 3e-3, weight_decay = 0.05, betas = { 0.9, 0.99 } }) end,
    sgd = function(m) return optim.sgd(m, { lr = 0.05 }) end,
    sgd_nesterov = function(m) return optim.sgd(m, { lr = 0.02, momentum = 0.9, nesterov = true }) end,
    adam_cosine_clip = function(m) return optim.adam(m, { lr = optim.cosine { lr = 2e-3, steps = 60 } }), { clip = 0.5 } end,
  }
  for name, make in pairs(recipes) do
    it("training run " .. name .. ": losses, rates, norms, weights, average", function()
      local c = case["train_" .. name]
      local model = fresh(c.start)
      local opt, settings = make(model)
      local ema = optim.ema(model, { decay = c.ema_decay })
      local x0, x1, t, losses, lrs = tensors[c.x0], tensors[c.x1], tensors[c.t], tensors[c.losses], tensors[c.lrs]
      for i = 1, #losses do
        near(opt:rate(), lrs[i], double and 1e-9 or 1e-6, "lr")
        local loss = opt:step(function() return flow.loss(model, x1[i], { x0 = x0[i], t = t[i] }) end, settings)
        near(loss, losses[i], limit, "loss of step " .. i)
        if settings then near(opt.grad_norm, tensors[c.grad_norms][i], limit, "norm of step " .. i) end
        ema:update()
      end
      for key, tensor in pairs(model:state()) do near(tensor, tensors[c.state[key]], limit, key) end
      ema:swap(function()
        for key, tensor in pairs(model:state()) do near(tensor, tensors[c.ema[key]], limit, "ema " .. key) end
      end)
    end)
  end

  it("sampling by Euler, rk45 and rk23 with equal nfev", function()
    local c = case.sample
    local model = fresh(c.state)
    local start = tensors[c.start]
    near(ode.solve(model, start, { method = "euler", steps = 100 }), tensors[c.euler100], limit, "euler")
    for _, method in ipairs { "rk45", "rk23" } do
      local x, info = ode.solve(model, start, { method = method, rtol = c.rtol, atol = c.atol })
      near(x, tensors[c[method]], double and 1e-9 or 1e-3, method)
      if double then assert.equal(c[method .. "_nfev"], info.nfe) end
    end
  end)
end)

describe("golden likelihood", function()
  local flow <const> = fm.flow
  local tensors, cases = read "vector_field"
  local case = {}
  for _, c in ipairs(cases) do case[c.name] = c end
  local c, one, state = case.log_likelihood, case.one_step, {}
  for key, name in pairs(c.state) do state[key] = tensors[name] end
  local model = fm.nn.vector_field { dim = one.dim, hidden = one.hidden, time_embed = one.time_embed }:load_state(state)
  local points = tensors[c.points]

  it("divergence at t = 0.5", function()
    local field = require "fm.flow.parts.slopes"(model, { 2 }, "axes")
    local columns = field(fm.cat(points, fm.zeros(#points, 1), 2), 0.5)
    near(columns:slice { axis = 2, first = 3, last = 3 }:reshape(-1), tensors[c.divergence_t0_5], double and 1e-9 or 1e-5, "divergence")
  end)

  it("exact log-density and source", function()
    local how = {
      dop853 = { rtol = double and 1e-10 or 1e-6, atol = double and 1e-12 or 1e-6 }, rk45 = { rtol = 1e-6, atol = 1e-6 },
      tsit5 = { rtol = 1e-6, atol = 1e-6, control = "sample" }, rk4 = { steps = 40 },
    }
    for method, o in pairs(how) do
      o.method = method
      local log_prob, info = flow.log_prob(model, points, o)
      local limit = not double and 1e-5 or method == "dop853" and 1e-9 or 1e-6
      near(log_prob, tensors[c.log_prob], limit, method)
      near(info.x0, tensors[c.source], limit, method)
    end
  end)
end)

describe("golden paths", function()
  local tensors, cases = read "paths"
  local names = { linear = { "linear" }, poly3 = { "poly", { n = 3 } }, linear_vp = { "linear_vp" }, cosine = { "cosine" }, vp = { "vp" },
    ["lipman_sigma_min_0.1"] = { "lipman", { sigma_min = 0.1 } }, ["schrodinger_bridge_sigma_0.7"] = { "schrodinger_bridge", { sigma = 0.7 } },
    ["i_cfm_sigma_0.1"] = { "i_cfm", { sigma = 0.1 } } }
  for _, c in ipairs(cases) do
    it(c.name, function()
      local path, t, limit = fm.flow.path(table.unpack(names[c.name])), tensors[c.t], double and 1e-9 or 1e-5
      local a, s, da, ds = path:coefficients(t)
      for key, got in pairs { a = a, s = s, da = da, ds = ds } do
        if c[key] then near(type(got) == "number" and fm.full(#t, got) or got, tensors[c[key]], limit, key) end
      end
      local xt, u = path:sample(tensors[c.x0], tensors[c.x1], t, c.z and tensors[c.z])
      near(xt, tensors[c.xt], limit, "xt")
      near(u, tensors[c.u], limit, "u")
      for i = 1, c.score and #t or 0 do -- of the one pair that leads through xt
        local score, v = fm.flow.score(function() return u[{ i, i }] end, { path = path })(xt[{ i, i }], t[i])
        near(score, tensors[c.score][{ i, i }], double and 1e-9 or 1e-3, "score")
        near(v, u[{ i, i }], 0, "velocity beside the score")
        local x1, x0 = fm.flow.posterior(function() return u[{ i, i }] end, { path = path })(xt[{ i, i }], t[i])
        near(x1, tensors[c.x1][{ i, i }], double and 1e-9 or 1e-3, "x1")
        near(x0, tensors[c.x0][{ i, i }], double and 1e-9 or 1e-3, "x0")
      end
    end)
  end
end)
