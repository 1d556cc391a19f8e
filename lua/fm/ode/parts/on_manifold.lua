-- Solves that stay on a manifold, with any method. The engine steps in all D coordinates, along a
-- field that continues the given one off the manifold, and what it gives is projected:
--
--   F(x, t) = stretch(x) tangent(p, field(p, t)),   p = project(x)
--
-- so the given field only sees points on the manifold. F is smooth and agrees with the field on the
-- manifold, which it therefore never leaves but by the error of the method; projecting that error
-- away keeps the order (Hairer, Lubich and Wanner 2006, IV.4). On the sphere stretch is |x|: then
-- x / |x| moves in the same way however far x is, so it need not be projected in each step.
local core <const> = require "fm.core"
local fields <const> = require "fm.parts.field"
local manifolds <const> = require "fm.parts.manifolds"

local on_manifold <const> = {}

--- F, as a field of its own; `cond` goes to the given field.
function on_manifold.field(where, m, field, cond)
  local call = fields.of(field, cond)
  return fields.new(where, function(x, t, pick)
    local p = m.own.project(x)
    local v = call(p, t, pick)
    if not core.is_tensor(v) or v:rank() ~= 2 or v:size(2) ~= m.dim or #v ~= #p then return v end -- the engine says what is wrong
    v = m.own.tangent(p, v)
    return m.own.stretch and v * m.own.stretch(x) or v
  end)
end

-- Events see points on the manifold.
local function event_on(m, event)
  local f = type(event) == "table" and event[1] or event
  local own = { function(x, t) return f(m.own.project(x), t) end }
  if type(event) == "table" then
    for key, value in pairs(event) do own[key] = own[key] or value end
  end
  return own
end

--- Options and field for the engine, and finish(x, info) for what it gives.
function on_manifold.begin(o, field, x0, cond)
  local where <const>, m <const> = o.where, manifolds.check(o.where, o.manifold)
  manifolds.check_points(where, "x0", m, x0)
  if type(o.events) == "table" then
    local events = {}
    for key, event in pairs(o.events) do
      local f = type(event) == "table" and event[1] or event
      events[key] = type(f) == "function" and event_on(m, event) or event
    end
    o.events = events
  end
  return on_manifold.field(where, m, field, cond), function(x, info)
    if info.states and info.states:count() > 0 then
      info.states = m.own.project(info.states:reshape(-1, m.dim)):reshape(info.states:shape())
    end
    for _, event in ipairs(info.events or {}) do
      for i, at in ipairs(event.x) do event.x[i] = m.own.project(at) end
    end
    return m.own.project(x), info
  end
end

return on_manifold
