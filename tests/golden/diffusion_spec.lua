-- Golden values of PyTorch for diffusion: schedules, the loss with its gradients, and the chains of
-- the samplers state by state. fmrun64 must agree to 1e-9.
local fm <const> = require "fm"
local diffusion <const> = fm.diffusion

local double <const> = fm.real == "double"
local tensors, metadata = assert(fm.load "tests/golden/diffusion.safetensors")
local cases <const> = fm.json.decode(metadata.cases)

local function near(got, want, what)
  if type(want) == "number" then got, want = fm.full(1, got), fm.full(1, want) end
  assert.same(want:shape(), got:shape())
  local off = (got - want):abs():max():item() / math.max(want:abs():max():item(), 1e-30)
  if not (off <= (double and 1e-9 or 2e-4)) then error(("%s: off by %.3g"):format(what, off), 2) end
end

--- p = x A^T + t b
local function linear(A, b)
  return function(x, t)
    if type(t) ~= "number" then t = t:reshape(-1, 1) end
    return x:matmul(A:transpose()) + b:reshape(1, -1) * t
  end
end

local checks <const> = {}

function checks.schedule(c)
  local schedule = diffusion.schedule(c.schedule, { steps = c.steps })
  near(schedule.betas, tensors[c.betas], "betas")
  near(schedule.alpha_bars, tensors[c.alpha_bars], "alpha_bars")
  assert.equal(c.steps, schedule.steps)
end

function checks.loss(c)
  local schedule = diffusion.schedule(c.schedule, { steps = c.steps })
  local A, b = fm.parameter(tensors[c.A]:clone()), fm.parameter(tensors[c.b]:clone())
  local model, seen, prediction = linear(A, b), nil, nil
  local o <const> = { schedule = schedule, k = tensors[c.k], noise = tensors[c.noise] }
  local tape <close> = fm.record()
  local loss = diffusion.loss(function(x, t)
    seen, prediction = x, model(x, t)
    return prediction
  end, tensors[c.x1], o)
  near(loss:item(), c.value, "value")
  near(seen, tensors[c.xk], "xk")
  near(prediction, tensors[c.prediction], "prediction")
  loss:backward()
  near(A:grad(), tensors[c.grads.A], "gradient of A")
  near(b:grad(), tensors[c.grads.b], "gradient of b")
  local leaf = fm.parameter(prediction:detach():clone()) -- the gradient of what the model returned
  diffusion.loss(function() return leaf end, tensors[c.x1], o):backward()
  near(leaf:grad(), tensors[c.grad_prediction], "gradient of the prediction")
end

function checks.sample(c)
  local called = {}
  local model = linear(tensors[c.A], tensors[c.b])
  local x, info = diffusion.sample(function(y, t)
    called[#called + 1] = math.floor((1 - t) * c.T + 0.5)
    return model(y, t)
  end, tensors[c.noise], {
    schedule = diffusion.schedule(c.schedule, { steps = c.T }), method = c.method, save = "steps", steps = c.steps,
    draws = (c.method == "ancestral" or c.eta > 0) and tensors[c.draws] or nil, eta = c.method == "ddim" and c.eta or nil,
  })
  near(x, tensors[c.x1], "x1")
  near(info.states[{ 2, c.steps + 1 }], tensors[c.states], "states")
  assert.equal(0, (info.states[1] - tensors[c.noise]):abs():max():item())
  assert.same(c.indices, called)
  assert.equal(c.nfe, info.nfe)
end

describe("golden diffusion", function()
  for _, c in ipairs(cases) do
    it(c.kind .. " " .. c.name, function() checks[c.kind](c) end)
  end
  it("are all there", function() assert.equal(20, #cases) end)
end)
