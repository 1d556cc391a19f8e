-- The class of exact flows: see ../mixture.lua.
local fm <const> = require "fm"
local attempt <const> = require "fm.parts.attempt"
local arguments <const> = require "fm.flow.parts.arguments"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"

local Mixture <const> = {}
Mixture.__index = Mixture

local function check_self(self, where)
  if getmetatable(self) ~= Mixture then fm.fail(where .. ": call it with a colon, on an exact flow") end
end

-- x and t of a call, checked.
local function point(self, where, x, t)
  check_self(self, where)
  arguments.batch(where, "x", x)
  if x:rank() ~= 2 or x:size(2) ~= self.dim then
    fm.fail(("%s: x is [%s], expected [B, %d]"):format(where, table.concat(x:shape(), ", "), self.dim))
  end
  return arguments.time(where, t, #x)
end

-- Coefficients at t: numbers, or [B, 1, 1] for times [B].
local function over_rows(...)
  local list = { ... }
  for i, c in ipairs(list) do list[i] = type(c) == "number" and c or c:reshape(-1, 1, 1) end
  return table.unpack(list)
end

-- At (x, t), all [B or 1, K, D]: the components' variances, the distances to their middles; and [B,
-- K]: log (weight density).
local function components(self, x, a, s)
  local variance = self.variances * (a * a) + s * s
  local off = x:reshape(-1, 1, self.dim) - self.means * a
  local log_density = (off * off / variance + variance:log()):sum(3) * -0.5 - self.dim / 2 * math.log(2 * math.pi)
  return variance, off, log_density + self.log_weights
end

-- The mean of values [B, K, D] under the posterior of the component.
local function expected(values, log_density)
  local k = log_density:size(2)
  return (values * log_density:softmax(2):reshape(-1, k, 1)):sum(2)
end

function Mixture:velocity(x, t, ...)
  local where <const> = "exact"
  options.no_more(where, 2, ...)
  t = point(self, where, x, t)
  local a, s = over_rows(self.path.a(t), self.path.s(t))
  local near_a, near_s, da, ds = over_rows(coefficients.terms_together(self.path, t)) -- where a slope has no bound, the products have limits
  local variance, off, log_density = components(self, x, a, s)
  return expected((self.variances * (near_a * da) + near_s * ds) / variance * off + self.means * da, log_density)
end

function Mixture:score(x, t, ...)
  local where <const> = "exact:score"
  options.no_more(where, 2, ...)
  t = point(self, where, x, t)
  local variance, off, log_density = components(self, x, over_rows(self.path.a(t), self.path.s(t)))
  return expected(-off / variance, log_density)
end

local function log_prob(self, where, x, t)
  t = point(self, where, x, t)
  local _, _, log_density = components(self, x, over_rows(self.path.a(t), self.path.s(t)))
  return log_density:logsumexp(2)
end

function Mixture:log_prob(x, t, ...)
  options.no_more("exact:log_prob", 2, ...)
  return log_prob(self, "exact:log_prob", x, t == nil and 1 or t)
end

--- The log-density where the flow starts: flow.log_prob uses it for an exact flow.
function Mixture:source_log_prob(x0, ...)
  options.no_more("exact:source_log_prob", 1, ...)
  return log_prob(self, "exact:source_log_prob", x0, 0)
end

function Mixture:sample(n, rng, t, ...)
  local where <const> = "exact:sample"
  check_self(self, where)
  options.no_more(where, 3, ...)
  n = options.integer(where .. ": n", n, 0, 2 ^ 40)
  options.rng(where, rng)
  t = options.number(where .. ": t", t == nil and 1 or t, 0, 1)
  local pick = rng:uniform(n):reshape(n, 1)
  local which, below = fm.ones(n), 0
  for k = 1, #self.weights - 1 do
    below = below + self.weights[k]
    which = which + ((pick - below) * 1e30):clamp(0, 1):reshape(n)
  end
  which = which:detach()
  local a, s = self.path.a(t), self.path.s(t)
  local row = { self.means:size(2), self.dim }
  local std = (self.variances * (a * a) + s * s):sqrt():reshape(row)
  return std:embedding(which) * rng:normal(n, self.dim) + self.means:reshape(row):embedding(which) * a
end

Mixture.__call = Mixture.velocity

-- A tensor of finite numbers from a script's value: a tensor, a number, or tables of numbers.
local function numbers(where, value)
  local t = value
  if not fm.is_tensor(value) then
    if type(value) ~= "number" and type(value) ~= "table" then
      fm.fail(("%s: expected numbers, found %s"):format(where, value == nil and "none" or type(value)))
    end
    local ok, result = attempt(fm.tensor, value)
    if not ok then fm.fail(("%s: %s"):format(where, tostring(result):gsub("^.-:%d+: ", ""):gsub("^tensor: ", ""))) end
    t = result
  end
  if t:count() == 0 then fm.fail(where .. ": expected numbers, found none") end
  if (t:detach() * 0):sum():item() ~= 0 then fm.fail(where .. ": expected finite numbers") end
  return t
end

-- K rows of D from a number, K numbers, or K rows.
local function rows_of(where, given, k, dim)
  local t = numbers(where, given)
  if t:rank() == 1 then t = t:reshape(-1, 1) end
  local ok = t:rank() == 0 or t:rank() == 2 and (#t == k or #t == 1) and (t:size(2) == dim or t:size(2) == 1)
  if not ok then fm.fail(("%s is [%s], expected [%d, %d]"):format(where, table.concat(t:shape(), ", "), k, dim)) end
  return (fm.zeros(k, dim) + t):reshape(1, k, dim)
end

local function normalized(where, weights, k)
  if weights ~= nil and type(weights) ~= "table" then fm.fail(("%s: expected a list of %d numbers, found %s"):format(where, k, type(weights))) end
  weights = weights or {}
  for key in pairs(weights) do
    if not (math.type(key) == "integer" and key >= 1 and key <= k) then
      fm.fail(("%s: expected a list of %d numbers, found the key %s"):format(where, k, options.shown(key)))
    end
  end
  local sum, result = 0, {}
  for i = 1, k do
    local w = weights[i] or #weights == 0 and 1 or 0
    sum = sum + options.number(("%s[%d]"):format(where, i), w, 0, 1e300)
    result[i] = w
  end
  if not (sum > 0) then fm.fail(("%s: expected %d numbers, not all 0"):format(where, k)) end
  for i = 1, k do result[i] = result[i] / sum end
  return result
end

-- std is squared, which may leave the range of the numbers.
local function variances_of(where, std)
  local variances = std * std
  if not (std:min():item() > 0) then fm.fail(where .. ": expected numbers above 0") end
  if not (variances:min():item() > 0 and variances:max():item() < math.huge) then
    fm.fail(("%s: %g .. %g: the variance does not fit a %s"):format(where, std:min():item(), std:max():item(), fm.real))
  end
  return variances
end

--- The flow for the options that were read: means, std, weights, path. `where` begins the messages.
return function(where, o)
  local path = paths.of(where, o.path)
  if path.noisy then fm.fail(where .. ": path: it has noise around its line: its velocity is not known in closed form") end
  if o.means == nil then fm.fail(where .. ": means are missing") end
  local means = numbers(where .. ": means", o.means)
  if means:rank() ~= 2 then fm.fail(("%s: means are [%s], expected [K, D]"):format(where, table.concat(means:shape(), ", "))) end
  local k, dim = #means, means:size(2)
  local variances = variances_of(where .. ": std", rows_of(where .. ": std", o.std, k, dim))
  local weights = normalized(where .. ": weights", o.weights, k)
  return setmetatable({ dim = dim, path = path, means = means:reshape(1, k, dim), variances = variances, weights = weights,
    log_weights = fm.tensor(weights):log():reshape(1, k) }, Mixture)
end
