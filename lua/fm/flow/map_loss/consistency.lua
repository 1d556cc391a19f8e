-- consistency{segments = 2, delta = 1e-3, boundary = 0.9, alpha = 1e-5}: a velocity v(x, t) that is
-- constant along its paths within each of `segments` equal parts of time: from t and from t + delta
-- Euler's step leads to the same end of the part. From `boundary` on that end is x_e itself. Such a
-- model is sampled in `segments` Euler steps. Yang et al. 2024, Consistency-FM.
local fm <const> = require "fm"
local constant <const> = require "fm.flow.map_loss.parts.constant"
local options <const> = require "fm.parts.options"

local where <const> = "map_loss consistency"

-- Where the part of time that each t lies in ends.
local function segment_ends(t, segments)
  local e = t:totable()
  for i, at in ipairs(e) do e[i] = math.min(at * segments // 1 + 1, segments) / segments end
  return fm.tensor(e)
end

-- The numbers of both, row by row.
local function beside(a, b)
  return fm.cat(a:reshape(#a, -1), b:reshape(#b, -1), 2)
end

return function(given)
  local o <const> = options.read(where, given, { segments = 2, delta = 1e-3, boundary = 0.9, alpha = 1e-5 })
  options.integer(where .. ": segments", o.segments, 1, 1e6)
  options.number(where .. ": delta", o.delta, 1e-9, 1)
  options.number(where .. ": boundary", o.boundary, 0, 1)
  options.number(where .. ": alpha", o.alpha, 0, 1e6)

  return { times = 1, residual = function(rows)
    local t = rows.t
    local e = segment_ends(t, o.segments)
    local r = (t + o.delta):clamp { max = 1 }
    local left, left_r = rows:over(e - t), rows:over(e - r)
    local x, x_r = rows:at(t), rows:at(r)
    local v = rows:u(x, t)
    local v_r = constant(x, function() return rows:guide(x_r, r) end)
    local end_r = constant(x, function() return fm.where(rows:over(r:lt(o.boundary)), x_r + left_r * v_r, (rows:at(e))) end)
    local counts = rows:over(t:lt(o.boundary) * (e - t):gt(1.01 * o.delta)) * o.alpha ^ 0.5
    return beside(x + left * v, v * counts), beside(end_r, v_r * counts)
  end }
end
