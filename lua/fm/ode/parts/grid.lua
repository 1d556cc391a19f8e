-- grid_of(where, what, steps, t0, t1): the steps + 1 times of a grid by name, "cosine" or { "edm",
-- rho = 7 }. Each grid maps s in 0..1 to the fraction of the time that has passed; its ends are
-- exact. A solve that runs backward uses the same points in reverse order.
local core <const> = require "fm.core"
local options <const> = require "fm.parts.options"

local shares <const> = {
  uniform = function(s) return s end,
  --- short steps at both ends
  cosine = function(s) return (1 - math.cos(math.pi * s)) / 2 end,
  --- short steps at the start
  quadratic = function(s) return s * s end,
  --- short steps at the end, where noise is small: Karras et al. (2022), equation 5, with sigma = 1
  --- - t from 1 to sigma_min and then 0
  edm = function(s, o, steps)
    local low = o.sigma_min ^ (1 / o.rho)
    return 1 - (1 + s * steps / math.max(1, steps - 1) * (low - 1)) ^ o.rho
  end,
  --- a shift of the noise level: sigma' = s sigma / (1 + (s - 1) sigma). Esser et al. (2024),
  --- section 5.3.2
  shift = function(share, o)
    local sigma = 1 - share
    return 1 - o.s * sigma / (1 + (o.s - 1) * sigma)
  end,
}
local defaults <const> = { edm = { rho = 7, sigma_min = 0.002 }, shift = { s = 3 } }

local limits <const> = { sigma_min = { 1e-9, 0.999 }, rho = { 1e-3, 1e3 }, s = { 1e-3, 1e3 } }
local most_steps <const> = 1e6 -- the points are a list

-- The grid's share function and its options.
local function read(where, what)
  local name, given = what, {}
  if type(what) == "table" then name, given = options.split(what) end
  if type(name) ~= "string" then
    core.fail(("%s: grid: expected a name, { name, option = }, or a list of points, found %s"):format(where,
      type(what) == "table" and "a table without a name" or options.shown(what)))
  end
  local share = options.choose(where .. ": grid", name, shares)
  local o = options.read(("%s: grid %s"):format(where, name), given, defaults[name] or {})
  for key, value in pairs(o) do
    options.number(("%s: grid %s: %s"):format(where, name, key), value, limits[key][1], limits[key][2])
  end
  return name, share, o
end

return function(where, what, steps, t0, t1)
  local name, share, o = read(where, what)
  if steps > most_steps then core.fail(("%s: grid %s: %d steps are over the limit %d of a grid"):format(where, name, steps, most_steps)) end
  local first, last, grid = math.min(t0, t1), math.max(t0, t1), {}
  local forward = t0 <= t1
  for i = 0, steps do grid[forward and i + 1 or steps + 1 - i] = first + share(i / steps, o, steps) * (last - first) end
  grid[1], grid[steps + 1] = t0, t1
  for i = 2, t0 ~= t1 and steps + 1 or 0 do
    if grid[i] == grid[i - 1] then core.fail(("%s: grid %s: two of %d steps meet at t = %.17g"):format(where, name, steps, grid[i])) end
  end
  return grid
end
