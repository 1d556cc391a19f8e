-- drift_loss(generator, x1, {rng, x0, tau = 0.05, cond}): trains a generator f(x0) that makes a
-- sample in one evaluation, without a flow or a critic. Samples drift to the data and away from
-- each other, V = attraction - repulsion, and the generator learns where they would go: the mean of
-- |f - sg(f + V)|^2 over rows and dimensions. V is 0 where samples and data have one law. Points
-- further apart than a few tau hardly move each other, and V may be 0 for laws that differ. Deng et
-- al. 2026 (2602.04770).
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local options <const> = require "fm.parts.options"

local where <const> = "drift_loss"
local none <const> = options.none
local defaults <const> = options.often { rng = none, x0 = none, tau = 0.05, cond = none }
local apart <const> = 1e6 -- a sample's distance from itself: it does not repel itself
local least <const> = 1e-12 -- what divides

local function distances(x, y)
  local squares = x:square():sum { axis = 2, keep = true } + y:square():sum(2):reshape(1, -1) - x:linear(y) * 2
  return squares:clamp { min = 0 }:sqrt()
end

-- V [n, D] for samples x [n, D] and data y [m, D].
local function drift(x, y, tau)
  local n, m = #x, #y
  local far = fm.cat(distances(x, x) + fm.eye(n) * apart, distances(x, y), 2)
  local k = (far * (-1 / tau)):exp()
  local both = k:sum { axis = 2, keep = true } * k:sum { axis = 1, keep = true }
  k = k / both:sqrt():clamp { min = least }
  local from, to = k:slice { axis = 2, first = 1, last = n }, k:slice { axis = 2, first = n + 1, last = n + m }
  local repelled, drawn = from:sum { axis = 2, keep = true }, to:sum { axis = 2, keep = true }
  return to:matmul(y) * repelled - from:matmul(x) * drawn
end

return function(generator, x1, given, ...)
  options.no_more(where, 3, ...)
  arguments.model(where, generator)
  arguments.batch(where, "x1", x1)
  local o = options.read(where, given, defaults)
  options.number(where .. ": tau", o.tau, 1e-9, 1e9)
  if o.x0 == nil and o.rng == nil then fm.fail(where .. ": rng is missing (or give x0)") end
  if o.rng ~= nil then options.rng(where, o.rng) end
  local x0 = o.x0 or o.rng:normal(x1:shape())
  arguments.batch(where, "x0", x0)
  local x
  if o.cond == nil then x = generator(x0) else x = generator(x0, o.cond) end
  arguments.batch(where, "what the generator returned", x)
  if #x < 2 or #x1 == 0 then fm.fail(("%s: %d samples and %d data points: expected two or more, and one or more"):format(where, #x, #x1)) end
  local n, target = #x, fm.zeros(x:shape())
  do
    local scope <close> = fm.scope()
    local flat, data = x:detach():reshape(n, -1), x1:reshape(#x1, -1)
    if flat:size(2) ~= data:size(2) then
      fm.fail(("%s: a sample has %d numbers, a row of x1 has %d"):format(where, flat:size(2), data:size(2)))
    end
    target:copy((flat + drift(flat, data, o.tau)):reshape(x:shape()))
  end
  return fm.mse(x, target)
end
