-- marginal(where, path): the path without noise whose xt has the same distribution and the same
-- mean velocity at every x and t as that of `path`, for a source x0 that is a unit normal and
-- independent of x1: then s x0 + gamma z is sqrt(s^2 + gamma^2) times a unit normal, so the s of
-- this path is that root. A path without noise is returned unchanged.
local fm <const> = require "fm"
local f <const> = require "fm.flow.path.parts.functions"

local known <const> = setmetatable({}, { __mode = "k" })

local function root_of_squares(path)
  local gamma <const> = path.noise.gamma
  return function(t)
    local s, g = path.s(t), gamma(t)
    return f.sqrt(s * s + g * g)
  end
end

return function(where, path)
  if not path.noise then return path end
  if path.own.source or path.own.source_log_prob then
    fm.fail(where .. ": path: it has noise around its line and a source of its own; the formula is for a source that is a unit normal")
  end
  local made = known[path]
  if made then return made end
  local s <const>, product <const> = root_of_squares(path), path.noise.product
  made = { a = path.a, s = s, da = path.da, ds = function(t) return (path.s(t) * path.ds(t) + product(t)) / s(t) end, own = {} }
  known[path] = made
  return made
end
