-- Values and slopes of activations far out and near 0, where 1 - y * y or e + 1 - 1 loses its
-- digits: each against its formula in double numbers, written so that nothing cancels.
local fm <const> = require "fm"

local exp <const>, abs <const> = math.exp, math.abs
local double <const> = fm.real == "double"
local tolerance <const> = double and 1e-13 or 2e-6
local least <const> = double and 1e-290 or 1e-36 -- smaller numbers have fewer digits

local function sigmoid(x) return x < 0 and exp(x) / (1 + exp(x)) or 1 / (1 + exp(-x)) end
local function log1p(x) -- of 0 < x <= 1, by the series of atanh
  local z = x / (2 + x)
  local sum, power = 0, z
  for k = 1, 200, 2 do
    sum, power = sum + power / k, power * z * z
  end
  return 2 * sum
end
local function expm1(x)
  if abs(x) > 0.5 then return exp(x) - 1 end
  local sum, term = 0, 1
  for k = 1, 25 do
    term = term * x / k
    sum = sum + term
  end
  return sum
end
local function tanh(x) return x < 0 and expm1(2 * x) / (exp(2 * x) + 1) or -expm1(-2 * x) / (exp(-2 * x) + 1) end
local function density(x) return exp(-x * x / 2) / math.sqrt(2 * math.pi) end
-- P(X < x): the series of erf near 0, the continued fraction of Mills' ratio on the left
-- (Abramowitz and Stegun 26.2.11, 26.2.14).
local function below(x)
  if x > 0 then return 1 - below(-x) end
  if x > -3 then
    local sum, term = x, x
    for k = 1, 80 do
      term = term * x * x / (2 * k + 1)
      sum = sum + term
    end
    return 0.5 + density(x) * sum
  end
  local fraction = -x
  for k = 400, 1, -1 do fraction = -x + k / fraction end
  return density(x) / fraction
end

local gelu_k <const>, gelu_c <const> = math.sqrt(2 / math.pi), 0.044715
local selu_scale <const>, selu_alpha <const> = 1.0507009873554804934, 1.6732632423543772848

-- name = { value, slope }
local formulas <const> = {
  tanh = { tanh, function(x) return 4 * sigmoid(2 * x) * sigmoid(-2 * x) end },
  sigmoid = { sigmoid, function(x) return sigmoid(x) * sigmoid(-x) end },
  silu = { function(x) return x * sigmoid(x) end, function(x) return sigmoid(x) * (1 + x * sigmoid(-x)) end },
  gelu = { function(x) return x * below(x) end, function(x) return below(x) + x * density(x) end },
  gelu_tanh = {
    function(x) return x * sigmoid(2 * gelu_k * (x + gelu_c * x ^ 3)) end,
    function(x)
      local u = 2 * gelu_k * (x + gelu_c * x ^ 3)
      return sigmoid(u) * (1 + x * sigmoid(-u) * 2 * gelu_k * (1 + 3 * gelu_c * x * x))
    end,
  },
  selu = {
    function(x) return selu_scale * (x > 0 and x or selu_alpha * expm1(x)) end,
    function(x) return selu_scale * (x > 0 and 1 or selu_alpha * exp(x)) end,
  },
  elu = { function(x) return x > 0 and x or expm1(x) end, function(x) return x > 0 and 1 or exp(x) end },
  softplus = { function(x) return math.max(x, 0) + log1p(exp(-abs(x))) end, sigmoid },
  log_sigmoid = { function(x) return math.min(x, 0) - log1p(exp(-abs(x))) end, function(x) return sigmoid(-x) end },
}

local names <const> = {}
for name in pairs(formulas) do names[#names + 1] = name end
table.sort(names)

local points <const> = {}
for k = -12, 10 do
  for _, sign in ipairs { 1, -1 } do points[#points + 1] = sign * 1.375 * 2.0 ^ k end
end
for _, x in ipairs { 3, 5, 7, 8.5, 10, 12, 14, 20, 30, 40, 60, 80 } do
  points[#points + 1], points[#points + 2] = x, -x
end

local function compare(what, x, expected, found)
  if abs(expected) < least then
    assert(abs(found) <= 2 * least, ("%s at %g: %g is not nearly 0"):format(what, x, found))
  else -- an argument of exp is held to half an ulp, so its exponential to that times the argument
    local limit = tolerance * (1 + abs(x) / 8)
    local off = abs(found - expected) / abs(expected)
    assert(off <= limit, ("%s at %g: %.9g instead of %.9g (%.2g off)"):format(what, x, found, expected, off))
  end
end

describe("activations", function()
  for _, name in ipairs(names) do
    local of = formulas[name]
    it(name .. " keeps the digits of its value and slope", function()
      local tape <close> = fm.record()
      local x = fm.parameter(fm.tensor(points))
      local y = fm[name](x)
      y:sum():backward()
      local value, slope = y:totable(), x:grad():totable()
      for i, at in ipairs(points) do
        compare(name, at, of[1](at), value[i])
        compare("slope of " .. name, at, of[2](at), slope[i])
      end
    end)

    it(name .. " in linear has the same values and slopes", function()
      local tape <close> = fm.record()
      local b = fm.parameter(fm.tensor(points))
      local y = fm.linear(fm.zeros(1, 1), fm.zeros(#points, 1), b, { act = name })
      y:sum():backward()
      local value, slope = y:reshape(-1):totable(), b:grad():totable()
      for i, at in ipairs(points) do
        compare(name, at, of[1](at), value[i])
        compare("slope of " .. name, at, of[2](at), slope[i])
      end
    end)
  end
end)

describe("a NaN", function()
  local nan <const> = 0 / 0
  local function slope(f, x)
    local tape <close> = fm.record()
    local p = fm.parameter(fm.tensor { x })
    f(p):sum():backward()
    return p:grad():totable()[1]
  end
  local function stays(what, f, x)
    local g = slope(f, x or nan)
    assert(g ~= g, what .. " makes a slope of " .. g)
  end

  it("is one on the way back through functions of one number", function()
    for _, name in ipairs { "abs", "exp", "log", "sqrt", "rsqrt", "square", "sin", "cos", "reciprocal", "tanh", "sigmoid", "relu", "silu", "gelu",
      "gelu_tanh", "selu", "elu", "softplus", "leaky_relu", "log_sigmoid" } do stays(name, fm[name]) end
    stays("clamp", function(x) return x:clamp { min = -1, max = 1 } end)
    stays("clamp from below", function(x) return x:clamp { min = 0 } end)
    stays("pow", function(x) return x:pow { exponent = 3 } end)
    stays("norm", function(x) return x:norm() end)
    for _, act in ipairs { "tanh", "sigmoid", "relu", "silu", "gelu", "gelu_tanh", "selu", "elu", "softplus", "leaky_relu", "log_sigmoid" } do
      stays("linear with " .. act, function(b) return fm.linear(fm.zeros(1, 1), fm.zeros(1, 1), b, { act = act }) end)
    end
  end)

  it("is one on the way back through the larger and the smaller of two", function()
    for _, name in ipairs { "maximum", "minimum" } do
      for _, other in ipairs { fm.zeros(1), fm.tensor { nan }, fm.tensor { math.huge }, fm.tensor { -math.huge } } do
        stays(name, function(x) return fm[name](x, other) end)
        stays(name .. ", second", function(x) return fm[name](other, x) end)
        stays(name .. " of NaN", function(x) return fm[name](fm.tensor { nan }, x) end, 1)
        stays(name .. " of NaN, second", function(x) return fm[name](x, fm.tensor { nan }) end, 1)
      end
    end
  end)

  it("is not made of ties and kinks", function()
    assert.equal(0, slope(fm.abs, 0))
    assert.equal(0, slope(fm.relu, 0))
    assert.equal(1, slope(function(x) return x:clamp { min = 2, max = 3 } end, 2))
    assert.equal(1, slope(function(x) return x:clamp { min = 2, max = 3 } end, 3))
    assert.equal(0, slope(function(x) return x:clamp { min = 2, max = 3 } end, 3.5))
    for _, name in ipairs { "maximum", "minimum" } do
      for _, x in ipairs { 0, 2, math.huge, -math.huge } do
        assert.equal(0.5, slope(function(p) return fm[name](p, fm.tensor { x }) end, x))
        assert.equal(0.5, slope(function(p) return fm[name](fm.tensor { x }, p) end, x))
      end
    end
  end)
end)

describe("div", function()
  it("has a slope wherever the result has one", function()
    local big, small = fm.real == "double" and 1e200 or 1e30, fm.real == "double" and 1e-200 or 1e-30
    for _, case in ipairs { { big, big }, { small, small }, { 3 * big, 2 * big }, { 3 * small, 1 }, { big, 1 }, { 1, big } } do
      local a, b = case[1], case[2]
      local tape <close> = fm.record()
      local x, y = fm.parameter(fm.tensor { a }), fm.parameter(fm.tensor { b })
      fm.div(x, y):sum():backward()
      assert.near(1, x:grad():totable()[1] * b, 1e-6)
      local expected = -(a / b) / b
      if math.abs(expected) > least then assert.near(1, y:grad():totable()[1] / expected, 1e-6) end
    end
  end)
end)
