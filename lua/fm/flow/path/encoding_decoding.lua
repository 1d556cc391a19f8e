-- encoding_decoding{gamma = "sin_squared", guard}: until t = 1/2 the source fades, a = 0 and s =
-- cos(pi t)^2, then the data grow, a = cos(pi t)^2 and s = 0; in the middle there is only the noise
-- gamma z. gamma and guard as for interpolant. Albergo, Boffi and Vanden-Eijnden 2023.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local f <const> = require "fm.flow.path.parts.functions"

-- value before or after t = 1/2, and 0 on the other side.
local function until_half(t, value)
  if type(t) == "number" then return t < 0.5 and value or 0.0 end
  return fm.where((0.5 - t):clamp { min = 0 }:detach(), value, value * 0)
end

local function from_half(t, value)
  if type(t) == "number" then return t >= 0.5 and value or 0.0 end
  return fm.where((0.5 - t):clamp { min = 0 }:detach(), value * 0, value)
end

local function cosine(t) return f.sin((0.5 - t) * math.pi) end -- all digits near t = 1/2
local function size(t)
  local c = cosine(t)
  return c * c
end
local function slope(t) return cosine(t) * f.sin(t * math.pi) * (-2 * math.pi) end

return function(given)
  local o = options.read("path encoding_decoding", given, { gamma = "sin_squared", guard = options.none })
  return {
    a = function(t) return from_half(t, size(t)) end,
    s = function(t) return until_half(t, size(t)) end,
    da = function(t) return from_half(t, slope(t)) end,
    ds = function(t) return until_half(t, slope(t)) end,
    gamma = o.gamma,
    guard = o.guard,
  }
end
