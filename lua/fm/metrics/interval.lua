-- interval(metric, a, b, {draws, level, rng}) -> low, high: where a metric lies between samples of
-- these sizes, by bootstrap over rows (Efron 1979). A draw takes as many rows of a and of b, with
-- replacement, and the ends are quantiles of the metric over the draws. Rows that repeat move many
-- metrics, so the draws are moved as a whole until their mean is the metric of a and b, and cut to
-- what the metric can be. A metric of several numbers has low, high for each.
local by_name <const> = require "fm.parts.by_name"
local fm <const> = require "fm.core"
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"
local values <const> = require "fm.metrics.parts.values"

local where <const> = "interval"

--- What can be called, its options, how many samples it measures, and its ranges.
local function metric_of(what)
  local given
  if type(what) == "table" and type(what[1]) == "string" then what, given = options.split(what) end
  if type(what) == "string" then
    if by_name.find("fm.metrics", what) == nil then by_name.fail(where .. ": metric: unknown name", "fm.metrics", what) end
    what = require("fm.metrics")[what]
  end
  if not options.callable(what) then
    fm.fail(("%s: metric: expected the name of a metric or a function, found %s"):format(where, options.shown(what)))
  end
  local about = type(what) == "table" and rawget(what, "floor") and what or {}
  return what, given, about.samples or 2, about.ranges or {}
end

--- The numbers that f returns for samples that a message calls `what`.
local function measured(f, a, b, settings, what)
  local list = values.numbers(where, f(a, b, settings))
  for _, v in ipairs(list) do
    if v ~= v or math.abs(v) == math.huge then fm.fail(("%s: the metric of %s is %s"):format(where, what, v ~= v and "nan" or v)) end
  end
  return list
end

return { of = function(metric, a, b, given, ...)
  options.no_more(where, 4, ...)
  local o = options.read(where, given, { draws = 200, level = 0.95, rng = options.none })
  local f, settings, n_samples, ranges = metric_of(metric)
  options.turns(where .. ": draws", o.draws, 2)
  options.part(where .. ": level", o.level)
  local rng = options.rng(where, o.rng or fm.rng(0, where))
  a = samples.one(where, "a", a)
  if b ~= nil then b = samples.one(where, "b", b) end
  local here, draws = measured(f, a, b, settings, "a and b"), {}
  for i = 1, o.draws do
    local x = samples.drawn(a, rng)
    local y = b
    if b ~= nil and n_samples == 2 then y = samples.drawn(b, rng) end
    draws[i] = measured(f, x, y, settings, "draw " .. i)
  end
  local ends = {}
  for k, list in ipairs(values.by_number(draws)) do
    local move, range = here[k] - values.mean(list), ranges[k] or { -math.huge, math.huge }
    for _, share in ipairs { (1 - o.level) / 2, (1 + o.level) / 2 } do
      ends[#ends + 1] = math.max(range[1], math.min(range[2], values.quantile(list, share) + move))
    end
  end
  return table.unpack(ends)
end }
