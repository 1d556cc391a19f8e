-- Golden values of formulas in NumPy, each written anew from its source (make_formulas.py), and
-- their gradients by complex steps. fmrun64 must agree to 1e-9.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, nn <const> = fm.flow, fm.nn

local double <const> = fm.real == "double"
local tensors <const>, cases <const> = (function()
  local t, metadata = assert(fm.load "tests/golden/formulas.safetensors")
  return t, fm.json.decode(metadata.cases)
end)()

--- The largest difference, relative to the largest number, or to 1 when all are smaller.
local function near(got, want, what)
  if not fm.is_tensor(got) then got = fm.tensor(type(got) == "table" and got or { got }) end
  local off = (got:reshape(want:shape()) - want):abs():max():item() / math.max(1, want:abs():max():item())
  if not (off <= (double and 1e-9 or 2e-4)) then error(("%s: off by %.3g"):format(what, off), 2) end
end

-- ---- what is computed, of inputs x by name: the results; of a layer also its state ----

local made <const> = {}

--- The layer with the inputs that `state` names as its weights, whose gradients go to the inputs.
local function with_weights(layer, c, x)
  local weights = {}
  for name, key in pairs(c.state) do weights[key] = x[name]:detach() end
  layer:load_state(weights)
  local state = layer:state()
  for name, key in pairs(c.state) do x[name] = state[key] end
  return layer
end

function made.mlp(c, x)
  local layer = nn.mlp { inputs = 3, hidden = { 5 }, outputs = c.outputs, act = c.act }
  if c.skip then layer = nn.residual(layer) end
  return { with_weights(layer, c, x)(x.x) }
end

function made.layer(c, x)
  local layer = with_weights(nn[c.name](table.unpack(c.args)), c, x)
  local results = { layer(x.x) }
  if layer.inverse then results[2], results[3] = layer:inverse(x.x), layer:log_det() end
  return results
end

function made.path(c, x)
  if c.options.gamma == "sigmoid" then c.options.gamma = { "sigmoid", steepness = 6 } end
  return { flow.path(c.path, c.options):sample(x.x0, x.x1, x.t, x.z) }
end

function made.geodesic(_, x)
  return { flow.path("geodesic", { manifold = fm.manifold.torus(3) }):sample(x.x0, x.x1, x.t) }
end

local function column(t) return type(t) == "number" and t or t:reshape(-1, 1) end

local function model_of(x)
  return function(y, t) return (y * x.w + x.b * column(t)):tanh() end
end

function made.loss(c, x)
  local o = c.options or {}
  o.x0, o.t = x.x0, x.t
  if c.penalty then o.loss = { c.name, c = c.penalty.c } end
  return { flow.loss(model_of(x), x.x1, o) }
end

function made.drift(c, x)
  return { flow.drift_loss(function(y) return (y * x.w + x.b):tanh() end, x.x1, { x0 = x.x0, tau = c.tau }) }
end

function made.sliced(c, x)
  return { flow.sliced_score_matching(function(y) return (y * x.w + x.b):tanh() end, x.x1, { v = x.x0, kind = c.name }) }
end

function made.map_loss(c, x)
  local kind = c.options or {}
  kind[1] = c.name
  local two = function(y, s, t) return (y * x.w + x.b * (s + t * 0.5):reshape(-1, 1)):tanh() end
  return { flow.map_loss(kind, c.one_time and model_of(x) or two, x.x1, { x0 = x.x0, s = x.s, t = x.t }) }
end

function made.map(_, x)
  local function model(y, s, t)
    local at = s + t * 0.5
    return (y * x.w + x.b * column(at)):tanh()
  end
  if x.s then return { flow.map(model)(x.x1, x.s, x.t) } end
  return { (flow.map_sample(model, x.x1, { steps = 2 })) }
end

local function logits_of(x, scale)
  return function(y, t) return (x.w * (scale or 1)):embedding(y) + x.b * t:reshape(-1, 1, 1) end
end

function made.token_loss(c, x)
  return { fm.discrete.loss(logits_of(x), x.x1, { path = fm.discrete.path(c.path), t = x.t, xt = x.xt }) }
end

function made.token_start(c, x)
  return { fm.discrete.path(c.path):sample(x.x1, 0, fm.rng(1)) }
end

function made.token_posterior(c, x)
  local V = c.path.vocabulary -- no token is the mask: its row of weights is not used
  local model = function(y, t) return logits_of(x)(y, t):reshape(#y, y:size(2), V) end
  return { fm.discrete.posterior(model, { path = fm.discrete.path(c.path) })(x.xt, x.t) }
end

function made.token_guidance(c, x)
  return { fm.discrete.guidance(logits_of(x), { scale = c.scale, weak = logits_of(x, 0.5) })(x.xt, x.t):log_softmax(3) }
end

local function field_of(x)
  return function(y, t) return (y * x.w):tanh() * (type(t) == "number" and math.sin(3 * t) or (t * 3):sin():reshape(-1, 1)) - y * x.b end
end

function made.solve(c, x)
  return { (fm.ode.solve(field_of(x), x.x, { method = c.method, steps = c.steps })) }
end

function made.flow(c, x)
  local o = { method = "rk4", steps = c.steps }
  if c.w2 then return { (flow[c.name](field_of(x), x.x, c.w2, o)) } end
  if c.name == "reflow" then
    o.x0 = x.x
    local x0, x1 = flow.reflow(field_of(x), o)
    return { x1, x0 }
  end
  return { (flow[c.name](flow.velocity(field_of(x)), x.x, o)) }
end

function made.inpaint(_, x)
  return { (flow.inpaint(field_of(x), x.known, fm.tensor { 1, 0 }, { x0 = x.x, method = "euler", steps = 5 })) }
end

function made.sample(c, x)
  return { (fm.diffusion.sample(field_of(x), x.x, { method = c.name, path = "linear", steps = c.steps, sigma_min = c.sigma_min, sigma_max = c.sigma_max })) }
end

function made.bits(_, x)
  local tight = double and 1e-12 or 1e-6
  return { (flow.bits_per_dimension(function(y) return y * x.c end, x.x, { dequantise = false, low = -1, high = 1, method = "dop853", rtol = tight,
    atol = tight })) }
end

function made.mixture(c, x)
  local exact = flow.exact.mixture { means = x.m, std = c.std, weights = c.weights }
  return { exact:log_prob(x.x, c.t), exact:score(x.x, c.t), exact(x.x, c.t) }
end

function made.gaussian(c, x)
  return { flow.exact.gaussian { mean = x.m, std = c.std }:log_prob(x.x, c.t) }
end

function made.rate(c, x)
  local rates = {}
  for i, n in ipairs(x.n:totable()) do rates[i] = fm.optim[c.name](c.options)(n) end
  return { rates }
end

describe("golden formulas", function()
  setup(function() nn.mlp { inputs = 1, outputs = 1, act = "none" } end) -- loads what stays loaded
  checks.no_bytes_stay(before_each, after_each)

  for _, c in ipairs(cases) do
    it(c.kind .. " " .. c.name, function()
      local x = {}
      for name, key in pairs(c.inputs) do x[name] = c.grads and c.grads[name] and fm.parameter(tensors[key]:clone()) or tensors[key] end
      local tape <close> = c.grads and fm.record() or nil
      local out = made[c.kind](c, x)
      assert.equal(#c.out, #out)
      for i, key in ipairs(c.out) do near(out[i], tensors[key], "result " .. i) end
      if not c.grads then return end
      out[1]:backward(tensors[c.grad_out]:reshape(out[1]:shape()))
      for name, key in pairs(c.grads) do near(x[name]:grad(), tensors[key], "gradient of " .. name) end
    end)
  end

  it("are all there", function() assert.equal(80, #cases) end)
end)
