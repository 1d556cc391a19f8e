-- Golden values of guided fields, and of Euler's method over them. fmrun64 must agree to 1e-9.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, ode <const> = fm.flow, fm.ode

local limit <const> = fm.real == "double" and 1e-9 or 1e-5

-- The largest difference, relative to the largest number.
local function near(got, want, what)
  local difference = (got - want):abs():max():item() / math.max(want:abs():max():item(), 1e-30)
  assert(difference <= limit, ("%s differs by %g"):format(what, difference))
end

local function affine(A, b, bias)
  return function(x, t, c)
    return x:linear(A) + (type(t) == "number" and t or t:reshape(-1, 1)) * b + bias:embedding(c)
  end
end

describe("golden guidance", function()
  checks.no_bytes_stay(setup, teardown)
  local tensors, metadata = assert(fm.load "tests/golden/guidance.safetensors")
  local function tensor(name) return name and tensors[name] end

  for _, c in ipairs(fm.json.decode(metadata.cases)) do
    it(c.name, function()
      local model = affine(tensor(c.A), tensor(c.b), tensor(c.bias))
      local weak = c.weak and affine(tensor(c.weak_A), tensor(c.weak_b), tensor(c.weak_bias)) or nil
      local cond, x = tensor(c.cond), tensor(c.x)
      local t = tensors[c.t] or c.t
      local o = { cond = cond, null = c.null, weak = weak }
      for key, value in pairs(c.guide) do o[key] = value end
      local field = flow.guidance(model, o)
      if c.kind == "euler" then
        near(ode.solve(field, x, { method = "euler", steps = c.steps }), tensor(c.x1), "x1")
        return
      end
      near(model(x, t, cond), tensor(c.v_cond), "v_cond")
      near(model(x, t, fm.full(#x, c.null)), tensor(c.v_null), "v_null")
      if weak then near(weak(x, t, cond), tensor(c.v_weak), "v_weak") end
      near(field(x, t), tensor(c.v), "v")
      -- A number of times is as good as one time, and rows do not know each other.
      if type(t) == "number" then near(field(x, fm.full(#x, t)), tensor(c.v), "v for times of rows") end
      for i = 1, #x do
        o.cond = cond[{ i, i }]
        near(flow.guidance(model, o)(x[{ i, i }], type(t) == "number" and t or t[i]), tensor(c.v)[{ i, i }], "v of row " .. i)
      end
    end)
  end
end)
