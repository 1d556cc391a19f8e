-- Golden values of PyTorch for the loss: every prediction and comparison on seven paths, Huber,
-- weights, and the guard. fmrun64 must agree to 1e-9, gradients included.
local fm <const> = require "fm"

local double <const> = fm.real == "double"
local tensors, metadata = assert(fm.load "tests/golden/targets.safetensors")
local cases <const> = fm.json.decode(metadata.cases)

local function given(value) if value ~= fm.json.null then return value end end

--- A path of a case: a name, or a list of its name and its options.
local function path_of(value)
  return type(value) == "table" and fm.flow.path(value[1], value[2]) or value
end

local function near(got, want, what)
  if type(want) == "number" then got, want = fm.full(1, got), fm.full(1, want) end
  assert.same(want:shape(), got:shape())
  local off = (got - want):abs():max():item() / math.max(want:abs():max():item(), 1e-30)
  if not (off <= (double and 1e-9 or 2e-4)) then error(("%s: off by %.3g"):format(what, off), 2) end
end

local function options_of(c)
  local o = { path = path_of(c.path), x0 = tensors[c.x0], t = tensors[c.t], predict = c.predict, compare = given(c.compare) }
  if c.loss == "huber" then o.loss = { "huber", delta = c.delta } end
  if given(c.weight) then o.weight = function() return tensors[c.weight] end end
  -- unweighted, which is not what a score has when nothing is said
  if c.predict == "score" and not o.compare then o.weight = o.weight or function() return 1 end end
  return o
end

describe("golden losses", function()
  local n = 0
  for _, c in ipairs(cases) do
    if c.kind == "loss" or c.kind == "guarded" then
      n = n + 1
      it(c.name, function()
        local A, b = fm.parameter(tensors[c.A]), fm.parameter(tensors[c.b])
        local seen, slope
        local function model(x, t)
          local p = x:linear(A) + t:reshape(-1, 1) * b
          seen = { xt = x:clone(), prediction = p:detach():clone() }
          return fm.custom { forward = function(q) return q * 1 end, backward = function(_, dq)
            slope = dq:clone()
            return dq
          end }(p)
        end
        local tape <close> = fm.record()
        local loss = fm.flow.loss(model, tensors[c.x1], options_of(c))
        near(loss:item(), c.value, "value")
        loss:backward()
        near(seen.xt, tensors[c.xt], "xt")
        near(seen.prediction, tensors[c.prediction], "prediction")
        near(slope, tensors[c.grad_prediction], "gradient of the prediction")
        near(A:grad(), tensors[c.grads.A], "gradient of A")
        near(b:grad(), tensors[c.grads.b], "gradient of b")
      end)
    end
  end
  it("are all there", function() assert.equal(70, n) end)
end)
