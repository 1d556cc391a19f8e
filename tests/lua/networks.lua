-- Checks that the specs of networks share.
local fm <const> = require "fm"
local assert <const> = require "luassert"
local checks <const> = dofile "tests/lua/checks.lua"

local networks <const> = {}

--- The model with random numbers added to all weights, so that none is zero.
function networks.shaken(model)
  local rng <const> = fm.rng(1, "networks")
  for _, p in ipairs(model:parameters()) do p:copy(p:detach() + rng:normal(p:shape()) * 0.1) end
  return model
end

--- Output and all gradients of model(...), a list.
local function step(model, ...)
  local tape <close> = fm.record()
  local y = model(...)
  y:backward(y:detach())
  local found = { y:detach() }
  for i, p in ipairs(model:parameters()) do
    found[i + 1] = assert(p:grad()):clone():detach()
    p:zero_grad()
  end
  return found
end

--- model(...) has the same output and gradients, bit for bit, on 1, 2 and 3 threads, and every
--- parameter has a gradient that is not zero.
function networks.same_on_threads(model, ...)
  local before, first = fm.system.threads(), nil
  for _, threads in ipairs { 1, 2, 3 } do
    fm.system.threads(threads)
    local found = step(model, ...)
    assert(checks.identical(found[1], model(...)), "without a tape")
    first = first or found
    for i, t in ipairs(found) do
      assert(checks.identical(first[i], t), ("number %d on %d threads"):format(i, threads))
      assert(t:abs():max():item() > 0, ("number %d is zero"):format(i))
    end
  end
  fm.system.threads(before)
end

--- The gradients of model(x, ...) by x and every weight are those of finite differences. In double
--- only: it takes too long to find a step for float.
function networks.gradcheck(model, x, ...)
  if fm.real ~= "double" then return end
  local inputs, more = model:parameters(), table.pack(...)
  table.insert(inputs, 1, fm.parameter(x))
  assert(fm.gradcheck(function(p) return model(p, table.unpack(more, 1, more.n)) end, inputs))
  for _, p in ipairs(inputs) do p:zero_grad() end
end

--- model(x, ..., label) takes a label as a number or a tensor, and no label as n + 1; times are
--- numbers, [B] or [B, 1], as many as `times` says.
function networks.takes_times_and_labels(model, x, times)
  local function called(convert, label)
    local arguments = {}
    for i = 1, times do arguments[i] = convert(0.2 * i) end
    arguments[times + 1] = label
    return model(x, table.unpack(arguments, 1, times + 1))
  end
  local function number(t) return t end
  local want = called(number, 2)
  checks.same(want, called(function(t) return fm.full(#x, t) end, fm.full(#x, 2)))
  checks.same(want, called(function(t) return fm.full({ #x, 1 }, t) end, fm.full({ #x, 1 }, 2)))
  checks.same(want, called(function(t) return fm.full(1, t) end, 2))
  checks.same(called(number, model.classes + 1), called(number))
  assert.is_true((want - called(number)):abs():max():item() > 1e-3)
  assert.is_true((want - called(function(t) return t / 2 end, 2)):abs():max():item() > 1e-3)
  local function first_row(value, others) -- a row of its own, and others
    local all = fm.full(#x, others)
    all[1] = value
    return all
  end
  local other = called(function(t) return first_row(t, t / 2) end, first_row(2, 1))
  checks.near(want[1], other[1])
  checks.raises_text("cond: expected labels, a tensor [" .. #x .. "] or a number, found", called, number, "two")
  checks.raises_text("embedding: index 1 is " .. model.classes + 2, called, number, model.classes + 2)
  checks.raises_text("t: expected a number or a tensor [" .. #x .. "] or [" .. #x .. ", 1], found a tensor [7]", called, function(t)
    return t == 0.2 * times and fm.ones(7) or t
  end, 1)
end

return networks
