-- Every op of fm.ops() has a sample here: inputs and options. The sample buys a gradient check (in
-- double), a leak check and a row of the benchmark (tests/bench/ops.lua reads this table too).
-- `constant`: no gradient passes this op.
local fm <const> = require "fm"

local rng <const> = fm.rng(3, "ops_spec")
local function normal(...) return rng:normal(...) end
local function positive(...) return rng:uniform(...) + 0.3 end
local function away(...) -- from 0, where abs and the like have a corner
  local x = rng:normal(...)
  return x + fm.where(fm.maximum(x, 0), 0.3, -0.3)
end

local samples <const> = {
  add = { { normal(3, 4), normal(4) } }, sub = { { normal(3, 4), normal(3, 1) } }, mul = { { normal(2, 1, 3), normal(4, 1) } },
  div = { { normal(3, 4), positive(3, 4) } }, maximum = { { normal(3, 4), normal(1) } }, minimum = { { normal(3, 4), normal(3, 4) } },
  atan2 = { { normal(3, 4), normal(3, 4) } },
  neg = { { normal(3, 4) } }, exp = { { normal(3, 4) } }, log = { { positive(3, 4) } }, sqrt = { { positive(3, 4) } },
  rsqrt = { { positive(3, 4) } }, reciprocal = { { positive(3, 4) } }, sin = { { normal(3, 4) } }, cos = { { normal(3, 4) } },
  tanh = { { normal(3, 4) } }, sigmoid = { { normal(3, 4) } }, relu = { { away(3, 4) } }, silu = { { normal(3, 4) } }, gelu = { { normal(3, 4) } },
  gelu_tanh = { { normal(3, 4) } }, selu = { { away(3, 4) } }, elu = { { away(3, 4) } }, softplus = { { normal(3, 4) } },
  leaky_relu = { { away(3, 4) } }, log_sigmoid = { { normal(3, 4) } }, slope = { { normal(3, 4), normal(3, 4) }, { act = "gelu" } },
  square = { { normal(3, 4) } }, abs = { { away(3, 4) } },
  pow = { { positive(3, 4) }, { exponent = 2.5 } }, clamp = { { away(3, 4) }, { min = -0.05, max = 5 } },
  lt = { { normal(3, 4), normal(4) }, constant = true }, le = { { normal(3, 4), normal(3, 1) }, constant = true },
  gt = { { normal(3, 4), normal(1) }, constant = true }, ge = { { normal(3, 4), normal(3, 4) }, constant = true },
  eq = { { normal(3, 4), normal(4) }, constant = true }, ne = { { normal(3, 4), normal(4) }, constant = true },
  where = { { fm.tensor({ 1, 0, 0, 1, 1, 0 }, 2, 3), normal(2, 3), normal(3) }, fixed = { true } },
  sum = { { normal(3, 4, 2) }, { axis = 2 } }, mean = { { normal(3, 4) }, { axis = 1, keep = true } }, max = { { normal(3, 4) }, { axis = 2 } },
  min = { { normal(3, 4) }, { axis = 1 } }, var = { { normal(3, 4) }, { axis = 2 } }, norm = { { normal(3, 4) }, { axis = 2 } },
  std = { { normal(3, 4) }, { axis = 1, unbiased = false, keep = true } }, argmax = { { normal(3, 4) }, { axis = 2 }, constant = true },
  argmin = { { normal(3, 4) }, { axis = 1 }, constant = true }, argsort = { { normal(3, 4) }, { axis = 2, descending = true }, constant = true },
  logsumexp = { { normal(3, 4) }, { axis = 2 } }, cumsum = { { normal(3, 4) }, { axis = 1 } }, softmax = { { normal(3, 4) }, { axis = -1 } },
  log_softmax = { { normal(3, 4) }, { axis = 1 } }, matmul = { { normal(3, 4), normal(4, 2) } }, bmm = { { normal(2, 3, 4), normal(2, 4, 2) } },
  transpose = { { normal(3, 4) }, { axes = { 1, 2 } } }, permute = { { normal(2, 3, 4) }, { axes = { 3, 1, 2 } } },
  reshape = { { normal(3, 4) }, { shape = { 2, 6 } } }, cat = { { normal(3, 4), normal(3, 2) }, { axis = 2 } },
  stack = { { normal(3, 4), normal(3, 4) }, { axis = -1 } }, slice = { { normal(3, 4) }, { axis = 2, first = 2, last = 4, step = 2 } },
  one_hot = { { fm.tensor { { 1, 5 }, { 2, 2 } } }, { n = 5 }, fixed = { true }, constant = true },
  index_select = { { normal(3, 4), fm.tensor { 3, 1, 1 } }, { axis = 1 }, fixed = { false, true } },
  gather = { { normal(2, 4), fm.tensor { { 4, 1 }, { 2, 2 } } }, { axis = 2 }, fixed = { false, true } },
  linear = { { normal(3, 4), normal(2, 4), normal(2) }, { act = "silu" } },
  embedding = { { normal(5, 3), fm.tensor { { 1, 5 }, { 2, 2 } } }, fixed = { false, true } },
  layer_norm = { { normal(3, 4), normal(4), normal(4) }, { eps = 1e-5 } }, rms_norm = { { normal(3, 4), normal(4) }, { eps = 1e-6 } },
  group_norm = { { normal(2, 4, 3), normal(4), normal(4) }, { groups = 2, act = "silu" } },
  conv2d = { { normal(2, 2, 4, 5), normal(3, 2, 3, 3), normal(3) }, { stride = 2, padding = 1 } },
  conv_transpose2d = { { normal(2, 2, 3, 3), normal(2, 3, 2, 2), normal(3) }, { stride = 2, padding = 1 } },
  avg_pool2d = { { normal(1, 2, 4, 4) }, { size = 2 } }, upsample_nearest2d = { { normal(1, 2, 2, 3) }, { scale = 2 } },
  attention = { { normal(2, 3, 4), normal(2, 5, 4), normal(2, 5, 3) } }, mse = { { normal(3, 4), normal(3, 4) }, { reduce = "mean" } },
  huber = { { normal(3, 4), normal(3, 4) }, { delta = 0.7 } },
  cross_entropy = { { normal(3, 4), fm.tensor { 4, 1, 2 } }, fixed = { false, true } },
}

local function call(name, inputs, settings)
  local arguments = table.move(inputs, 1, #inputs, 1, {})
  arguments[#arguments + 1] = settings
  return fm[name](table.unpack(arguments))
end

if not describe then return { samples = samples, call = call } end

local tangents <const> = dofile "tests/lua/tangents.lua"

describe("ops", function()
  for _, name in ipairs(fm.ops()) do
    it(name .. " has a sample, the right gradient, and leaks nothing", function()
      local sample = assert(samples[name], "no sample for " .. name)
      local inputs = {}
      for i, x in ipairs(sample[1]) do inputs[i] = (sample.fixed or {})[i] and x or fm.parameter(x) end
      local function f(...) return call(name, { ... }, sample[2]) end
      collectgarbage() collectgarbage()
      local before = fm.live_bytes()
      if fm.real == "double" and not sample.constant then assert(fm.gradcheck(f, inputs)) end
      do
        local tape <close> = fm.record()
        local y = f(table.unpack(inputs)):sum()
        if sample.constant then assert.is_false(fm.needs_grad(y)) else y:backward() end
      end
      for _, x in ipairs(inputs) do x:zero_grad() end
      collectgarbage() collectgarbage()
      local grads = 0 -- a parameter keeps the room of its gradient
      for i, x in ipairs(inputs) do grads = grads + ((sample.fixed or {})[i] and 0 or x:count()) end
      assert.is_true(fm.live_bytes() - before <= grads * 8)
    end)
  end

  for _, name in ipairs(fm.ops()) do
    local sample <const> = samples[name]
    if sample and not sample.constant then
      it(name .. " has the right tangent, for each input, and its tangent the right tangent and gradient", function()
        local function f(...) return call(name, { ... }, sample[2]) end
        tangents.agree_with_backward(f, sample[1], sample.fixed or {})
        tangents.agree_with_differences(f, sample[1], sample.fixed or {})
      end)
    end
  end

  it("takes numbers, positions and lists where they are obvious", function()
    local x = fm.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
    assert.same({ 6, 15 }, x:sum(2):totable())
    assert.same({ { 6 }, { 15 } }, x:sum(2, true):totable())
    assert.same({ 6, 15 }, x:sum(-1):totable())
    assert.same({ 3, 2 }, x:reshape(3, 2):shape())
    assert.same({ 3, 2 }, x:reshape { 3, -1 }:shape())
    assert.same({ 3, 2 }, x:transpose():shape())
    assert.same({ { 2, 2, 3 }, { 4, 5, 6 } }, x:maximum(2):totable())
    assert.same({ { 2, 4, 6 }, { 8, 10, 12 } }, (2 * x):totable())
    assert.same({ { -1, 0, 1 }, { 2, 3, 4 } }, (x - 2):totable())
    assert.same({ 4, 3 }, fm.cat({ x, x }, { axis = 1 }):shape())
    local many = {}
    for i = 1, 5000 do many[i] = x end
    assert.same({ 10000, 3 }, fm.cat(many, { axis = 1 }):shape())
  end)
end)
