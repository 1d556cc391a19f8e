-- shortcut{levels = 7}: psd with m in the middle of dyadic steps. A step is 1, 1/2, ... or
-- 2^-levels long, each as often, and begins at a multiple of its length. Frans et al. 2024.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local psd <const> = require "fm.flow.map_loss.psd"

return function(given)
  local where <const> = "map_loss shortcut"
  local levels <const> = options.integer(where .. ": levels", options.read(where, given, { levels = 7 }).levels, 0, 20)
  local function pair(rng, n)
    local s, t = rng:uniform(n):totable(), {}
    for i, halvings in ipairs(rng:integers(n, 0, levels):totable()) do
      local count = 1 << math.tointeger(halvings) -- of the steps of that length
      s[i] = s[i] * count // 1 / count
      t[i] = s[i] + 1 / count
    end
    return fm.tensor(s), fm.tensor(t)
  end
  return { residual = psd().residual, m = "midpoint", pair = pair }
end
