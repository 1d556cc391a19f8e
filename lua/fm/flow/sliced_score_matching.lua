-- sliced_score_matching(score, x, {rng, probes = 1, v, kind = "reduced"}) -> the mean over rows and
-- directions v of
--   "reduced"   |s|^2 / 2 + v . (ds/dx) v     for v with mean 0 and covariance I
--   "plain"     (v . s)^2 / 2 + v . (ds/dx) v
-- of s = score(x), a tensor shaped as x [B, ...]. Up to a number that depends on the data alone it
-- is half the mean of |s - grad log p|^2 (of the square of its part along v), so it trains s to be
-- the score of the density that x was drawn from; no density is needed, and no noise in the data.
-- Song et al. 2019 (Sliced score matching), equations 7 and 8. The rows of score must not depend on
-- each other.
--   rng     draws v: random signs for "reduced" and "plain" alike; `probes` of them for each row
--   v       the directions, shaped as x, or a list of such tensors, instead
-- For a model of two arguments pass function(x) return model(x, t) end.
local fm <const> = require "fm"
local along <const> = require "fm.parts.along"
local arguments <const> = require "fm.flow.parts.arguments"
local no_holes <const> = require "fm.parts.no_holes"
local options <const> = require "fm.parts.options"

local where <const> = "sliced_score_matching"

local function drawn(o, x)
  if o.rng == nil then fm.fail(where .. ": rng is missing: it draws the directions (or give v)") end
  options.rng(where, o.rng)
  local list = {}
  for i = 1, options.integer(where .. ": probes", o.probes, 1, 1e6) do list[i] = o.rng:integers(x:count(), 0, 1):reshape(x:shape()) * 2 - 1 end
  return list
end

local function given(o, x)
  if o.rng ~= nil or o.probes ~= 1 then fm.fail(where .. ": rng and probes draw directions: leave them out when v is given") end
  local list = fm.is_tensor(o.v) and { o.v } or o.v
  if type(list) ~= "table" or #list == 0 then fm.fail(where .. ": v: expected a tensor or a list of tensors, found " .. options.shown(o.v)) end
  no_holes(where .. ": v", list)
  for _, v in ipairs(list) do arguments.batch(where, "v", v, x) end
  return list
end

local function per_row(y)
  return y:reshape(#y, -1):sum(2)
end

-- What stands before v . (ds/dx) v, [B].
local kinds <const> = {
  reduced = function(s) return per_row(s:square()) * 0.5 end,
  plain = function(s, v) return per_row(s * v):square() * 0.5 end,
}

return function(score, x, options_given, ...)
  options.no_more(where, 3, ...)
  arguments.model(where, score)
  arguments.batch(where, "x", x)
  if x:count() == 0 then fm.fail(("%s: x is [%s], expected at least one row"):format(where, table.concat(x:shape(), ", "))) end
  local o = options.read(where, options_given, { rng = options.none, probes = 1, v = options.none, kind = "reduced" })
  local size = options.choose(where .. ": kind", o.kind, kinds)
  local directions = o.v == nil and drawn(o, x) or given(o, x)
  local s, ds = along(function(y)
    local result = score(y)
    arguments.batch(where, "what score returned", result, x)
    return result
  end, x, directions)
  local total
  for i, v in ipairs(directions) do
    local row = size(s, v) + per_row(ds[i] * v)
    total = total and total + row or row
  end
  return total:mean() / #directions
end
