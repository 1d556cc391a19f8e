-- cosine{steps = 1000, offset = 0.008, beta_max = 0.999}: abar falls as f(k) / f(0), with f(k) =
-- cos((k/T + offset) / (1 + offset) pi/2)^2, but no beta is above beta_max. Nichol and Dhariwal
-- 2021.
local options <const> = require "fm.parts.options"

return function(given)
  local where <const> = "schedule cosine"
  local o = options.read(where, given, { steps = 1000, offset = 0.008, beta_max = 0.999 })
  local n = options.integer(where .. ": steps", o.steps, 1, 1e6)
  local offset, most = options.number(where .. ": offset", o.offset, 0, 1), options.number(where .. ": beta_max", o.beta_max, 1e-12, 0.999999)
  local function f(k) return math.cos((k / n + offset) / (1 + offset) * math.pi / 2) ^ 2 end
  local betas = {}
  for k = 1, n do betas[k] = math.min(1 - f(k) / f(k - 1), most) end
  return betas
end
