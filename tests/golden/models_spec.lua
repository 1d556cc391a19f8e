-- Golden values of PyTorch for whole networks: the same weights give the same output and the same
-- gradients (fmrun64 to 1e-9, fmrun to its rounding), and the state has PyTorch's names and shapes.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local nn <const> = fm.nn

local limit <const> = fm.real == "double" and 1e-9 or 1e-4
local tensors <const>, cases <const> = (function()
  local t, metadata = assert(fm.load "tests/golden/models.safetensors")
  return t, fm.json.decode(metadata.cases)
end)()

--- The largest difference, relative to the largest number, or to 1 when all are smaller.
local function near(got, want, what)
  assert.same(want:shape(), got:shape())
  local off = (got - want):abs():max():item() / math.max(1, want:abs():max():item())
  assert(off <= limit, ("%s: off by %.3g, allowed %.3g"):format(what, off, limit))
end

local function conv_block()
  return nn.sequential {
    nn.conv2d(2, 4, 3, { padding = 1 }), nn.group_norm(2, 4), nn.silu(), nn.avg_pool2d(2), nn.upsample(2),
    nn.conv2d(4, 5, 3, { stride = 2, padding = 1 }), nn.silu(), nn.conv2d(5, 3, 2, { bias = false }),
  }
end

local function made(case)
  local state = {}
  for key, name in pairs(case.state) do state[key] = tensors[name] end
  local model = case.layer == "sequential" and conv_block() or nn[case.layer](case.options)
  return model:load_state(state), state
end

--- The arguments, as parameters where a gradient is known.
local function arguments(case)
  local list = {}
  for i, name in ipairs(case.inputs) do
    list[i] = tensors[name] or name
    if case.grad_inputs[i] ~= fm.json.null then list[i] = fm.parameter(list[i]:clone()) end
  end
  return list
end

describe("golden models", function()
  setup(function() nn.sequential { nn.linear(1, 1) } end) -- loads what stays loaded
  checks.no_bytes_stay(before_each, after_each)

  for _, case in ipairs(cases) do
    it(case.name .. ": output and every gradient", function()
      local model, inputs = made(case), arguments(case)
      near(model(table.unpack(inputs)), tensors[case.out], "output")
      local tape <close> = fm.record()
      local y = model(table.unpack(inputs))
      near(y, tensors[case.out], "output while a tape records")
      y:backward(tensors[case.grad_out])
      local count, state = 0, model:state()
      for key, name in pairs(case.grads) do
        near(state[key]:grad(), tensors[name], key)
        count = count + 1
      end
      assert.equal(#model:parameters(), count)
      for i, name in ipairs(case.grad_inputs) do
        if name ~= fm.json.null then near(inputs[i]:grad(), tensors[name], "argument " .. i) end
      end
    end)

    it(case.name .. ": a saved state has the same names, shapes and numbers", function()
      local model, state = made(case)
      local path = os.tmpname()
      assert(fm.save(path, model:state()))
      local saved = assert(fm.load(path))
      os.remove(path)
      for key, want in pairs(state) do
        assert(saved[key], key)
        checks.near(saved[key], want, fm.real == "double" and 0 or 1e-6)
        saved[key] = nil
      end
      assert.is_nil(next(saved))
    end)
  end

  it("are all there", function() assert.equal(11, #cases) end)
end)
