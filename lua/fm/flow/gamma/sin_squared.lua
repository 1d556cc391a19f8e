-- sin_squared{scale = 1}: scale sin(pi t)^2, flat at both ends. There is so little noise near them
-- that a score which is computed from a model's velocity is far off: learn the score itself.
local f <const> = require "fm.flow.path.parts.functions"
local scale_of <const> = require "fm.flow.gamma.parts.scale"

-- sin(pi t) = 2 sin(pi t / 2) sin(pi (1 - t) / 2), with all digits near t = 1; cos(pi t) likewise.
local function sine(t) return f.sin(t * (math.pi / 2)) * f.sin((1 - t) * (math.pi / 2)) * 2 end
local function cosine(t) return f.sin((0.5 - t) * math.pi) end

return function(given)
  local scale <const> = scale_of("sin_squared", given)
  return {
    gamma = function(t)
      local y = sine(t)
      return y * y * scale
    end,
    dgamma = function(t) return sine(t) * cosine(t) * (2 * math.pi * scale) end,
  }
end
