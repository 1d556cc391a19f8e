-- standardise(x [N, D] | D): columns in units of their mean and deviation in the rows of x,
-- z = (x - mean) / std. Both are tensors of its state, so that a model that is loaded knows its
-- units; they are no parameters. Of a number D of columns mean is 0 and std 1, for
-- load_state, which refuses a std that is 0 or below, and what is not finite.
--   layer(x) -> z, layer:inverse(z) -> x, of shapes [..., D]
--   layer:log_det() -> number       ln |det dz/dx| = -sum of ln std, so that
--                                   ln p(x) = ln p(z) + log_det
local fm <const> = require "fm"
local module <const> = require "fm.nn.parts.module"
local options <const> = require "fm.parts.options"

local where <const> = "standardise"

local function checked(self, name, x)
  local D = self.mean:count()
  if fm.is_tensor(x) and x:rank() > 0 and x:size(-1) == D then return x end
  fm.fail(("%s: %s: expected a tensor [..., %d], found %s"):format(where, name, D, options.shown(x)))
end

local function forward(self, x)
  return (checked(self, "x", x) - self.mean) / self.std
end

local function inverse(self, z)
  return checked(self, "z", z) * self.std + self.mean
end

local function log_det(self)
  return -self.std:log():sum():item()
end

--- Mean and deviation of the columns of x, or an error.
local function measured(x)
  if not fm.is_tensor(x) or x:rank() ~= 2 or #x < 2 or x:size(2) == 0 then
    fm.fail(("%s: expected rows [N, D] of at least two, or a number of columns, found %s"):format(where, options.shown(x)))
  end
  x = x:detach()
  local least, most = x:min(1):totable(), x:max(1):totable()
  for k, low in ipairs(least) do
    if low - low ~= 0 or most[k] - most[k] ~= 0 then
      fm.fail(("%s: column %d has a number that is not finite"):format(where, k))
    end
    if low == most[k] then fm.fail(("%s: column %d is %.6g in every row: it has no deviation"):format(where, k, low)) end
  end
  return x:mean(1):detach(), x:std(1):detach()
end

--- Raises when a tensor to be loaded gives no units.
local function check_state(name, x, full_name)
  for k, value in ipairs(x:totable()) do
    if value - value ~= 0 or name == "std" and value <= 0 then
      fm.fail(('load_state: "%s": column %d has %s, expected a finite number%s'):format(full_name, k, value ~= value and "NaN" or ("%g"):format(value),
        name == "std" and " above 0" or ""))
    end
  end
end

return function(given, ...)
  options.no_more(where, 1, ...)
  local mean, std
  if math.type(given) then
    options.size(where .. ": columns", given)
    mean, std = fm.zeros(given):detach(), fm.ones(given):detach()
  else
    mean, std = measured(given)
  end
  local self = module.new({ { "mean", mean }, { "std", std } }, forward)
  self.mean, self.std, self.inverse, self.log_det, self.check_state = mean, std, inverse, log_det, check_state
  return self
end
