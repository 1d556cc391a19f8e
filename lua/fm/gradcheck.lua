-- fm.gradcheck(f, inputs [, {eps, tolerance}]): compares the tape's gradient of sum(f(...) *
-- weights) with central differences, for those inputs that are parameters. Returns true, or nil and
-- a message that names the worst entry. The inputs are unchanged afterwards, also after an error.
local fm <const> = require "fm"
local finally <const> = require "fm.parts.finally"
local no_holes <const> = require "fm.parts.no_holes"
local options <const> = require "fm.parts.options"

local double <const> = fm.real == "double"

local function check(f, inputs, given)
  local o = options.read("gradcheck", given, { eps = double and 1e-6 or 1e-2, tolerance = double and 1e-6 or 2e-2 })
  if not options.callable(f) then fm.fail("gradcheck: expected a function, found " .. options.shown(f)) end
  if type(inputs) ~= "table" then fm.fail("gradcheck: inputs: expected a list of tensors, found " .. options.shown(inputs)) end
  no_holes("gradcheck: inputs", inputs)
  options.number("gradcheck: eps", o.eps, 1e-30, 1e30)
  options.number("gradcheck: tolerance", o.tolerance, 0, 1e30)
  local any = false
  for _, x in ipairs(inputs) do any = any or fm.is_tensor(x) and x:is_parameter() end
  if not any then fm.fail "gradcheck: inputs: none of them is a parameter (see fm.parameter): there is nothing to check" end
  return o
end

-- A number that depends on every output, each with its own weight, so that no error can cancel.
local function weighted(f, inputs)
  local y = f(table.unpack(inputs))
  if not fm.is_tensor(y) then fm.fail("gradcheck: f must return a tensor, found " .. options.shown(y)) end
  local weights = fm.rng(17, "gradcheck"):normal(y:shape())
  return (y * weights):sum()
end

local function value(f, inputs)
  local scope = fm.scope()
  return finally(function() scope:close() end, function() return weighted(f, inputs):item() end)
end

local function differentiate(f, inputs)
  local tape = fm.record()
  finally(function() tape:close() end, function() weighted(f, inputs):backward() end)
end

--- The derivative by number k of a flat view, from values on both sides of it.
local function difference(f, inputs, flat, k, eps)
  local kept = flat[k]
  return finally(function() flat[k] = kept end, function()
    flat[k] = kept + eps
    local up, above = flat[k], value(f, inputs)
    flat[k] = kept - eps
    local down, below = flat[k], value(f, inputs)
    return (above - below) / (up - down)
  end)
end

return function(f, inputs, given, ...)
  options.no_more("gradcheck", 3, ...)
  local o = check(f, inputs, given)
  local checked = {}
  for i, x in ipairs(inputs) do
    checked[i] = fm.is_tensor(x) and x:is_parameter()
    if checked[i] then x:zero_grad() end
  end
  differentiate(f, inputs)
  local worst, message = 0, nil
  for i, x in ipairs(inputs) do
    if checked[i] then
      local flat, grad = x:detach():reshape(-1), x:grad()
      grad = grad and grad:reshape(-1)
      for k = 1, #flat do
        local want, got = difference(f, inputs, flat, k, o.eps), grad and grad[k] or 0
        local err = math.abs(want - got) / math.max(1, math.abs(want), math.abs(got))
        if err ~= err then err = math.huge end -- NaN counts as the worst
        if err > worst then
          worst = err
          message = ("input %d, number %d: gradient %.9g, by differences %.9g"):format(i, k, got, want)
        end
      end
    end
  end
  if worst <= o.tolerance then return true end
  return nil, message
end
