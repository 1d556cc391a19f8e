-- Golden values of derivatives along a direction, and of their gradients, for every op and for the
-- article's network. fmrun64 must agree to 1e-9.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"

local limit <const> = fm.real == "double" and 1e-9 or 5e-5

describe("golden jvp", function()
  checks.no_bytes_stay(setup, teardown)
  local tensors, metadata = assert(fm.load "tests/golden/jvp.safetensors")
  local function tensor(name) return name and name ~= fm.json.null and tensors[name] or nil end

  -- The largest difference, relative to the largest number; no gradient is one of zeros.
  local function near(got, want, what)
    if type(want) == "number" then want = fm.tensor(want) end
    if not got then got = want * 0 end
    assert.same(want:shape(), got:shape(), what)
    local top = math.max(want:abs():max():item(), 1e-30)
    local difference = (got - want):abs():max():item() / top
    assert(difference <= limit, ("%s differs by %g"):format(what, difference))
  end

  local function matches(got, name, like, what)
    local want = tensor(name)
    if want then return near(got, want:reshape(like:shape()), what) end
    assert(not got or got:abs():max():item() <= limit, what .. " is not 0")
  end

  local function gradients(model, names)
    local state = model:state()
    for key, name in pairs(names) do
      local want = tensors[name]
      if want:abs():max():item() > 0 then near(state[key]:grad(), want, key) end
      state[key]:zero_grad()
    end
  end

  local function model_of(c)
    local state = {}
    for key, name in pairs(c.state) do state[key] = tensors[name] end
    return fm.nn.vector_field { dim = c.dim, hidden = c.hidden, time_embed = c.time_embed }:load_state(state)
  end

  local kinds <const> = {}

  function kinds.op(c)
    local inputs, tangents = {}, {}
    for i, name in ipairs(c["in"]) do
      tangents[i] = tensor(c.tangent[i]) and fm.parameter(tensor(c.tangent[i])) or 0
      inputs[i] = tangents[i] ~= 0 and fm.parameter(tensors[name]) or tensors[name]
    end
    local function f(...)
      local arguments = { ... }
      arguments[#arguments + 1] = c.args
      return fm[c.op](table.unpack(arguments))
    end
    local tape <close> = fm.record()
    local y, dy = fm.jvp(f, inputs, tangents)
    near(y, tensors[c.out]:reshape(y:shape()), "value")
    near(dy, tensors[c.dy]:reshape(y:shape()), "derivative")
    dy:backward(tensors[c.grad_dy]:reshape(y:shape()))
    for i, x in ipairs(inputs) do
      if tangents[i] ~= 0 then
        matches(x:grad(), c.grad_in[i], x, "gradient of input " .. i)
        matches(tangents[i]:grad(), c.grad_tangent[i], x, "gradient of tangent " .. i)
      end
    end
  end

  function kinds.vector_field(c)
    local model = model_of(c)
    local x, t, dx = fm.parameter(tensors[c.x]), fm.parameter(tensors[c.t]), fm.parameter(tensors[c.dx])
    local tape <close> = fm.record()
    local v, dv = fm.jvp(model, { x, t }, { dx, c.dt })
    near(v, tensors[c.v], "v")
    near(dv, tensors[c.dv], "dv")
    local loss = dv:square():sum()
    near(loss, c.loss, "loss")
    loss:backward()
    gradients(model, c.grads)
    for key, p in pairs { grad_x = x, grad_t = t, grad_dx = dx } do near(p:grad(), tensors[c[key]], key) end
  end

  function kinds.hutchinson(c)
    local model <const>, e <const> = model_of(c), tensors[c.e]
    local tape <close> = fm.record()
    local _, dv = fm.jvp(model, { tensors[c.x], tensors[c.t] }, { e })
    local estimate = (dv * e):sum(2)
    near(estimate, tensors[c.estimate], "estimate")
    near(estimate:mean(), c.mean, "mean")
    estimate:mean():backward()
    gradients(model, c.grads)
  end

  function kinds.divergence(c)
    local model <const>, x <const> = model_of(c), tensors[c.x]
    local tape <close> = fm.record()
    local axes, divergence = fm.eye(c.dim), 0
    for i = 1, c.dim do
      local axis = fm.zeros(x:shape()) + axes[i]
      local _, dv = fm.jvp(model, { x, tensors[c.t] }, { axis })
      divergence = divergence + (dv * axis):sum(2)
    end
    near(divergence, tensors[c.divergence], "divergence")
    near(divergence:mean(), c.mean, "mean")
    divergence:mean():backward()
    gradients(model, c.grads)
  end

  for _, c in ipairs(fm.json.decode(metadata.cases)) do
    it(c.name, function() kinds[c.kind or "op"](c) end)
  end
end)
