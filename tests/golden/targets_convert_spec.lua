-- Golden values of conversions between predictions and of flows on another schedule, by PyTorch in double.
local fm <const> = require "fm"
local flow <const> = fm.flow

local double <const> = fm.real == "double"
local tensors, metadata = assert(fm.load "tests/golden/targets.safetensors")
local cases <const> = fm.json.decode(metadata.cases)

-- A path of a case: a name, or a list of a name and its options.
local function path_of(what)
  if type(what) == "string" then return what end
  return flow.path(what[1], what[2])
end

local function near(got, want, what)
  assert.same(want:shape(), got:shape())
  local off = (got - want):abs():max():item() / want:abs():max():item()
  assert(off <= (double and 1e-9 or 1e-4), ("%s: off by %.3g"):format(what, off))
end

describe("golden conversions", function()
  for _, c in ipairs(cases) do
    if c.kind == "convert" then
      it(c.name, function()
        local x, t, value, path, count = tensors[c.x], tensors[c.t], tensors[c.value], path_of(c.path), 0
        for pair, name in pairs(c.out) do
          local from, to = pair:match "^(%l+)_to_(%l+)$"
          near(flow.convert(value, from, to, x, t, path), tensors[name], pair)
          near(flow.convert(value, from, to, x, t:reshape(-1, 1), path), tensors[name], pair)
          near(flow.convert(value[{ 2, 2 }], from, to, x[{ 2, 2 }], t[2], path), tensors[name][{ 2, 2 }], pair .. " at a number")
          count = count + 1
        end
        assert.equal(12, count)
      end)
    end
  end
end)

describe("golden flows on another schedule", function()
  for _, c in ipairs(cases) do
    if c.kind == "reschedule" then
      it(c.name, function()
        local from, to, x, t = path_of(c["from"]), path_of(c.to), tensors[c.x], tensors[c.t]
        local field = flow.exact.gaussian { mean = tensors[c.mean]:totable(), std = tensors[c.std]:totable(), path = from }
        near(field(x, t), tensors[c.base], "the field")
        near(flow.reschedule(field, from, to)(x, t), tensors[c.velocity], "rescheduled")
        near(flow.reschedule(field, from, to)(x, t:reshape(-1, 1)), tensors[c.velocity], "rescheduled, t [B, 1]")
        for i = 1, #t do near(flow.reschedule(field, from, to)(x[{ i, i }], t[i]), tensors[c.velocity][{ i, i }], "rescheduled at a number") end
      end)
    end
  end
end)
