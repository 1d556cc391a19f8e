-- cfg_zero_star{zero_steps = 0, steps}: s v_null + w (v - s v_null), where s = <v, v_null> /
-- |v_null|^2 for each row makes s v_null the multiple of v_null nearest to v (s = 0 where v_null is
-- 0); and no velocity at all for t < zero_steps / steps: in the first zero_steps of `steps` equal
-- steps. Fan et al. 2025.
local fm <const> = require "fm"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local options <const> = require "fm.parts.options"

local function combine(v, null, w)
  local flat, flat_null = v:reshape(#v, -1), null:reshape(#v, -1)
  local square = flat_null:square():sum(2)
  local s = (flat * flat_null):sum(2) / fm.where(square, square, 1)
  null = null * coefficients.over_rows(s, v)
  return null + (v - null) * w
end

return function(given)
  local where <const> = "guidance: cfg_zero_star"
  local o = options.read(where, given, { zero_steps = 0, steps = options.none })
  local zero_steps = options.integer(where .. ": zero_steps", o.zero_steps, 0)
  if zero_steps == 0 and o.steps == nil then return { combine = combine } end
  if o.steps == nil then fm.fail(where .. ": steps is missing: the velocity is 0 for t < zero_steps / steps") end
  return { combine = combine, zero_until = zero_steps / options.integer(where .. ": steps", o.steps, math.max(1, zero_steps)) }
end
