-- mode_coverage(x, centres [K, ...], radius) -> the share of centres that are hit, the entropy of
-- the hits in nats, the hits of each centre [K]. A row of x hits its nearest centre when that is no
-- further than the radius. Without a hit: 0, 0.
local fm <const> = require "fm.core"
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"

local where <const> = "mode_coverage"

local function counted(index, distance, radius, n_centres)
  local hits, total = {}, 0
  for j = 1, n_centres do hits[j] = 0 end
  local nearest, distances = index:totable(), distance:totable()
  for i, j in ipairs(nearest) do
    if distances[i] <= radius then
      hits[math.tointeger(j)] = hits[math.tointeger(j)] + 1
      total = total + 1
    end
  end
  return hits, total
end

local function of(x, centres, given, ...)
  options.no_more(where, 3, ...)
  if type(given) == "table" then given = options.read(where, given, { radius = options.none }).radius end
  local radius = options.number(where .. ": radius", given, 0, math.huge)
  local a, b = samples.read(where, x, centres, { "x", "centres" })
  samples.finite(where, "x", a)
  samples.finite(where, "centres", b)
  local index, distance = fm.measure.nearest(a, b)
  local hits, total = counted(index, distance, radius, b:size(1))
  local hit, entropy = 0, 0.0
  for _, n in ipairs(hits) do
    if n > 0 then hit, entropy = hit + 1, entropy - n / total * math.log(n / total) end
  end
  return hit / #hits, entropy, fm.tensor(hits)
end

return { of = of, samples = 1, ranges = { { 0, 1 }, { 0, math.huge } } }
