-- grid_of(what, steps, t0, t1): the steps + 1 times of a grid by name, "cosine" or { "edm", rho = 7 }. Each grid maps s in 0..1 to
-- the share of the way; its ends are exact.
local core <const> = require "fm.core"
local options <const> = require "fm.options"

local shares <const> = {
  uniform = function(s) return s end,
  --- short steps at both ends
  cosine = function(s) return (1 - math.cos(math.pi * s)) / 2 end,
  --- short steps at the start
  quadratic = function(s) return s * s end,
  --- short steps at the end, where noise is small: Karras et al. (2022), equation 5, with sigma = 1 - t from 1 to sigma_min and then 0
  edm = function(s, o, steps)
    local low = o.sigma_min ^ (1 / o.rho)
    return 1 - (1 + s * steps / math.max(1, steps - 1) * (low - 1)) ^ o.rho
  end,
  --- a shift of the noise level: sigma' = s sigma / (1 + (s - 1) sigma). Esser et al. (2024), section 5.3.2
  shift = function(share, o)
    local sigma = 1 - share
    return 1 - o.s * sigma / (1 + (o.s - 1) * sigma)
  end,
}
local defaults <const> = { edm = { rho = 7, sigma_min = 0.002 }, shift = { s = 3 } }

return function(what, steps, t0, t1)
  local name, given = what, {}
  if type(what) == "table" then
    name = what[1]
    for key, value in pairs(what) do
      if key ~= 1 then given[tostring(key)] = value end
    end
  end
  if type(name) ~= "string" then
    core.fail(("ode.solve: grid: expected a name, { name, option = }, or a list of points, found %s"):format(
      type(what) == "table" and "a table without a name" or tostring(what)))
  end
  local share = options.choose("ode.solve: grid", name, shares)
  local o = options.read("ode.solve: grid " .. name, given, defaults[name] or {})
  for key, value in pairs(o) do
    options.number(("ode.solve: grid %s: %s"):format(name, key), value, key == "sigma_min" and 1e-9 or 1e-3, key == "sigma_min" and 0.999 or 1e3)
  end
  local grid = {}
  for i = 0, steps do grid[i + 1] = t0 + share(i / steps, o, steps) * (t1 - t0) end
  grid[1], grid[steps + 1] = t0, t1
  for i = 2, t0 ~= t1 and steps + 1 or 0 do
    if grid[i] == grid[i - 1] then core.fail(("ode.solve: grid %s: two of %d steps meet at t = %.17g"):format(name, steps, grid[i])) end
  end
  return grid
end
