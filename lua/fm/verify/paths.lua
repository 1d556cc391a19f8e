-- Every path that has a name: its points and velocities are made of its coefficients, and their
-- slopes are slopes. Two diffusions against the equations that define them.
local fm <const> = require "fm"
local plain_paths <const> = require "fm.verify.parts.plain_paths"
local worst <const> = require "fm.verify.parts.worst"

local flow <const> = fm.flow

-- The slope of f at t by five points. Numbers are doubles in Lua, whatever the tensors are.
local function slope(f, t)
  local h <const> = 1e-3
  return (8 * (f(t + h) - f(t - h)) - (f(t + 2 * h) - f(t - 2 * h))) / (12 * h)
end

-- The largest error of the slopes of a path, relative where they are large.
local function slopes(path)
  local largest = 0
  for i = 0, 8 do
    local t = 0.08 + i * 0.1
    local at = { path:coefficients(t) }
    for k, place in ipairs { 3, 4, 6 } do
      local function f(time) return (select(({ 1, 2, 5 })[k], path:coefficients(time))) end
      if at[place] then largest = math.max(largest, math.abs(at[place] - slope(f, t)) / math.max(1, math.abs(at[place]))) end
    end
  end
  return largest
end

-- The largest error of x_t and u of a path, in roundings of their largest terms.
local function pairs_of(path, case)
  local x0, x1, z = case.rng:normal(64, 3), case.rng:normal(64, 3), case.rng:normal(64, 3)
  local t = case.rng:uniform(64) * 0.9 + 0.05
  local xt, u = path:sample(x0, x1, t, path.noisy and z or nil)
  local a, s, da, ds, g, dg = path:coefficients(t)
  local function sum(p, q, r)
    local x = x1 * p:reshape(-1, 1) + x0 * q:reshape(-1, 1)
    return r and x + z * r:reshape(-1, 1) or x
  end
  local points, velocities = sum(a, s, g), sum(da, ds, dg)
  local size = math.max(1, velocities:abs():max():item())
  return math.max(case.apart(xt, points), case.apart(u, velocities) / size) / case.rounding
end

-- dx = -x beta / 2 dr + sqrt(beta) dW in reversed time r = 1 - t: a' = a beta / 2 and (s^2)' =
-- beta (s^2 - 1).
local function diffusion(path, beta)
  local largest = 0
  for i = 1, 9 do
    local t = i / 10
    local a, s, da, ds = path:coefficients(t)
    local b = beta(1 - t)
    largest = math.max(largest, math.abs(da - a * b / 2), math.abs(2 * s * ds - b * (s * s - 1)))
  end
  return largest
end

return {
  about = "points, velocities and slopes of every path; the diffusions' equations",
  run = function(case)
    local all = plain_paths()
    local error, which = worst(all, slopes)
    case:row(("slopes of a, s, gamma of %d paths"):format(#all), error, 1e-6, "differences of fourth order with h = 0.001; the largest is of " .. which)
    error, which = worst(all, function(path) return pairs_of(path, case) end)
    case:row("x_t and u of all, in roundings", error, 32, "8 operations on numbers up to 4; the largest is of " .. which)
    error, which = worst(all, function(path)
      local a, s = path:coefficients(1)
      return math.abs(a - 1) + (s < 0.011 and 0 or s)
    end)
    case:row("ends of all: a = 1, s at most 0.01", error, 1e-12, "rounding in double; the largest is of " .. which)
    error = diffusion(flow.path "vp", function(r) return 0.1 + r * (20 - 0.1) end)
    case:row("vp: dx = -x b/2 dr + sqrt(b) dW", error, 1e-10, "rounding in double, slopes up to 20")
    local ve, grown = flow.path("ve", { sigma_min = 0.02, sigma_max = 3 }), 0
    for i = 0, 10 do grown = math.max(grown, math.abs(math.log(select(2, ve:coefficients(i / 10)) / (0.02 * 150 ^ (1 - i / 10))))) end
    case:row("ve: noise from 3 to 0.02, geometric", grown, 1e-12, "rounding in double")
  end,
}
