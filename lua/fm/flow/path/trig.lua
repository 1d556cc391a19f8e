-- trig{gamma = "sqrt", guard}: a quarter of a circle with noise, shrunk so that all variances
-- together stay as they are: a = c sin(pi t / 2), s = c cos(pi t / 2) with c = sqrt(1 - gamma^2).
-- gamma, below 1, and guard as for interpolant. Albergo, Boffi and Vanden-Eijnden 2023.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local f <const> = require "fm.flow.path.parts.functions"
local circle <const> = require "fm.flow.path.cosine"
local noise_of <const> = require "fm.flow.path.parts.noise"

local where <const> = "path trig"

local function check_size(gamma)
  for i = 0, 100 do
    local value = gamma(i / 100)
    if not (math.abs(value) < 1 - 1e-6) then
      fm.fail(("%s: gamma(%g) is %g, expected numbers below 1: with the noise the rest has variance 1 - gamma^2"):format(where, i / 100, value))
    end
  end
end

return function(given)
  local o = options.read(where, given, { gamma = "sqrt", guard = options.none })
  local noise = noise_of(where, o.gamma, nil, o.guard)
  check_size(noise.gamma)
  local function shrunk(t)
    local g = noise.gamma(t)
    return f.sqrt((1 - g) * (1 + g))
  end
  local function slope(t) return -noise.product(t) / shrunk(t) end
  return {
    a = function(t) return shrunk(t) * circle.a(t) end,
    s = function(t) return shrunk(t) * circle.s(t) end,
    da = function(t) return shrunk(t) * circle.da(t) + slope(t) * circle.a(t) end,
    ds = function(t) return shrunk(t) * circle.ds(t) + slope(t) * circle.s(t) end,
    gamma = noise,
  }
end
