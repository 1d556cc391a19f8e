-- noise(where, gamma, dgamma, guard) -> { gamma, dgamma, product }: the noise gamma(t) z of a path,
-- functions of t. gamma is what fm.flow.gamma takes; without dgamma the slope of a function comes
-- from the tape. Where the slope has no bound, at t = 0 or 1, it is read `guard` away from that
-- end; product is gamma dgamma, both read there, which has a limit: half the slope of gamma^2.
local fm <const> = require "fm"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local gammas <const> = require "fm.flow.gamma"
local of_time <const> = require "fm.flow.path.parts.of_time"
local options <const> = require "fm.parts.options"

local made_here <const> = setmetatable({}, { __mode = "k" })

return function(where, what, dgamma, guard)
  if made_here[what] then return what end
  if guard == nil then guard = 1e-5 end
  options.number(where .. ": guard", guard, 1e-12, 0.1)
  if dgamma ~= nil and type(what) ~= "function" then fm.fail(where .. ": dgamma: it goes with gamma = a function of t") end
  if dgamma ~= nil and type(dgamma) ~= "function" then
    fm.fail(("%s: dgamma: expected a function of t, found %s"):format(where, options.shown(dgamma)))
  end
  local found, is_own = gammas.of(where .. ": gamma", what)
  local gamma, slope = found, dgamma
  if type(found) == "table" and found.gamma then gamma, slope = found.gamma, found.dgamma end
  if not is_own then
    gamma = of_time(where, "gamma", gamma)
    slope = slope and of_time(where, "dgamma", slope)
  end
  slope = slope or coefficients.derivative(gamma)
  local function has_no_bound(t) return not coefficients.usable(slope(t)) end
  local inside <const> = coefficients.away_from_ends(guard, has_no_bound(0.0), has_no_bound(1.0))
  local function dgamma_at(t) return slope(inside(t)) end
  local noise <const> = {
    gamma = function(t)
      local needs_slope <const> = type(t) ~= "number" and fm.needs_grad(t)
      return needs_slope and coefficients.with_slope(gamma, dgamma_at(t), t) or gamma(t)
    end,
    dgamma = dgamma_at,
    product = function(t)
      t = inside(t)
      return gamma(t) * slope(t)
    end,
  }
  made_here[noise] = true
  return noise
end
