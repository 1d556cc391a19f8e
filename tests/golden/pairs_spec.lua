-- Golden values of NumPy, SciPy and POT for couplings and plans: fmrun64 agrees to 1e-9, fmrun to its rounding.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const> = fm.flow

local double <const> = fm.real == "double"
local limit <const> = double and 1e-9 or 2e-5
local tensors <const>, cases <const> = (function()
  local t, metadata = assert(fm.load "tests/golden/pairs.safetensors")
  return t, fm.json.decode(metadata.cases)
end)()

local function value(case, name)
  local v = case[name]
  if v == fm.json.null then return nil end
  return type(v) == "string" and tensors[v] or v
end

--- The largest difference, relative to the largest number, or to 1 when all are smaller.
local function near(got, want, what)
  local off
  if type(want) == "number" then off = math.abs(got - want) / math.max(1, math.abs(want))
  else
    assert.same(want:shape(), got:shape())
    off = (got - want):abs():max():item() / math.max(1, want:abs():max():item())
  end
  assert(off <= limit, ("%s: off by %.3g, allowed %.3g"):format(what, off, limit))
end

local function couple_of(case)
  if case.kind == "ot" then return flow.coupling "ot" end
  return flow.coupling("conditional_ot", { weight = case.kind == "conditional_continuous" and case.weight or nil, ratio = case.ratio })
end

local function check_partners(case)
  local x0, x1, cond = value(case, "x0"), value(case, "x1"), value(case, "cond")
  local couple = couple_of(case)
  local y0, y1, c = couple(x0, x1, cond)
  assert.is_true(rawequal(y1, x1) and rawequal(c, cond))
  assert.same(value(case, "coupled"):totable(), y0:totable())
  near((y0 - x1):square():sum():item(), case.cost, "cost")
  local partner = couple:partners(x0, x1, cond) or fm.range(1, #x0)
  assert.same(value(case, "partner"):totable(), partner:totable())
  if case.kind == "conditional_continuous" then
    local apart = (cond:index_select(partner, 1) - cond):square():sum():item()
    near(case.cost + case.weight * apart, case.objective, "objective")
  end
  if case.ratio then
    local slack = limit * couple.weight
    assert.is_true(couple.weight >= case.weight_low - slack - 1e-2 * (case.weight_high - case.weight_low))
    assert.is_true(couple.weight <= case.weight_high + slack + 1e-2 * (case.weight_high - case.weight_low))
  end
end

local checked <const> = {
  plan = function(case)
    local P, info = flow.transport_plan(value(case, "x0"), value(case, "x1"), { reg = case.reg, iterations = case.iterations, tolerance = case.tolerance })
    near(P, value(case, "plan"), "plan")
    near(info.cost, case.cost, "cost")
    assert.is_true(info.converged and info.error <= case.tolerance and info.iterations <= case.iterations_used)
  end,
  ot = check_partners, conditional_labels = check_partners, conditional_continuous = check_partners, conditional_ratio = check_partners,
  semidiscrete = function(case)
    local x0 = value(case, "x0")
    local couple = flow.coupling("semidiscrete", { data = value(case, "data"), potentials = value(case, "potentials") })
    local y0, x1, index = couple(x0)
    assert.is_true(rawequal(y0, x0))
    assert.same(value(case, "index"):totable(), index:totable())
    assert.same(value(case, "x1"):totable(), x1:totable())
    local gradient, chi2 = couple:gradient(x0)
    near(gradient, value(case, "gradient"), "gradient")
    near((gradient + 1 / #couple.potentials) * #x0, value(case, "counts"), "counts")
    near(chi2, case.chi2, "chi2")
  end,
}

describe("golden pairs", function()
  checks.no_bytes_stay(before_each, after_each)
  local seen = {}
  for _, case in ipairs(cases) do
    seen[case.kind] = true
    it(case.name, function() checked[case.kind](case) end)
  end

  it("are all there", function()
    for kind in pairs(checked) do assert.is_true(seen[kind], kind) end
    assert.is_true(#cases >= 16)
  end)
end)
