-- loss_floor(x1, options) -> floor, info: the loss of the best possible model on these points, when
-- every one is as likely and comes with noise of its own (no coupling, no condition). For the
-- straight line and the velocity it is the mean over t of E tr Cov[x1 | x_t] / (D (1 - t)^2): what
-- x_t does not tell about the pair that made it. Xu et al. 2025 (the optimal loss value).
--   path, predict, compare, weight, guard, time   as for flow.loss
--   t        times [T], for the floor at these alone and their mean; else the times of the loss
--   draws    pairs of a point and noise (1000), each seen at a time of each of 20 parts of 0..1
--   subset   compare with this many of the points, drawn anew for some pairs at a time, instead of
--            all: their weights are made up for, but the result is not free of bias
--   rng      (fixed)
-- info: t, floor [T]; standard_error of the floor, standard_errors [T]; draws. Any x1 [N, ...].
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local divisor <const> = require "fm.flow.prediction.parts.divisor"
local no_holes <const> = require "fm.parts.no_holes"
local normal_source <const> = require "fm.flow.parts.normal_source"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"
local points_of <const> = require "fm.flow.parts.points"
local predictions <const> = require "fm.flow.prediction"
local row_times <const> = require "fm.flow.parts.row_times"
local spread <const> = require "fm.flow.parts.spread"
local times <const> = require "fm.flow.time"

local where <const> = "loss_floor"
local none <const> = options.none
local of_loss <const> = { "predict", "compare", "weight", "guard" }
local defaults <const> = { path = "linear", predict = "velocity", compare = none, weight = none, guard = none, time = none, t = none, draws = 1000,
  rng = none, subset = none }

local parts <const>, nodes <const> = 20, 16 -- of 0..1, and times in each
local block <const> = 1 << 21 -- weights at a time
local least <const> = 1e-6 -- s as a divisor

-- ---- times ----

-- The given times as a list.
local function given_times(t)
  if type(t) == "number" then t = { t } end
  if fm.is_tensor(t) then t = arguments.time_within(where, t):reshape(-1):totable() end
  if type(t) ~= "table" or #t == 0 then fm.fail(("%s: t: expected times in 0..1, found %s"):format(where, options.shown(t))) end
  no_holes(where .. ": t", t)
  local list = {}
  for i, each in ipairs(t) do list[i] = options.number(("%s: t[%d]"):format(where, i), each, 0, 1) + 0.0 end
  return list
end

-- The times of all parts, in order: middles of equal parts, or drawn by the loss's sampler.
local function times_in_order(time, rng)
  local n, list = parts * nodes, {}
  if time == nil or time == "uniform" then
    for i = 1, n do list[i] = (i - 0.5) / n end
    return list
  end
  local sampler = times.of(where .. ": time", time)
  local t = sampler(rng, n * 10)
  if not fm.is_tensor(t) or t:count() ~= n * 10 then
    fm.fail(("%s: time returned a %s, expected a tensor [%d]"):format(where, arguments.kind_of(t), n * 10))
  end
  local drawn = arguments.time_within(where .. ": time", t):totable()
  table.sort(drawn)
  for i = 1, n do list[i] = (drawn[10 * i - 5] + drawn[10 * i - 4]) / 2 end
  return list
end

-- The loss, in dimensions of 1, of a model that is wrong about the data by 1 at an x_t: its x1 is
-- 0, the right one 1, so the right x0 is -a / s.
local function loss_of_unit(o, path)
  local given = { path = path }
  for _, name in ipairs(of_loss) do given[name] = o[name] end
  local one, zero = fm.ones(1, 1), fm.zeros(1, 1)
  return function(t, r)
    given.x0, given.t = fm.full({ 1, 1 }, -r), t
    return require "fm.flow.loss"(function() return zero end, one, given):item()
  end
end

-- Tables by part and node: r = a / s, and what tr Cov[x1 | x_t] is multiplied by; and a list of the
-- mean time of each part.
local function schedule(o, path, rng, dim)
  local list = o.t ~= nil and given_times(o.t) or times_in_order(o.time, rng)
  local per_part = o.t ~= nil and 1 or nodes
  local ratios, factors, middles, of_unit = {}, {}, {}, loss_of_unit(o, path)
  for k = 1, #list // per_part do
    ratios[k], factors[k], middles[k] = {}, {}, 0.0
    for i = 1, per_part do
      local t = list[(k - 1) * per_part + i]
      local a, s = coefficients.terms_together(path, t)
      local r = a / divisor(s, least)
      ratios[k][i], factors[k][i] = r, of_unit(t, r) / dim
      middles[k] = middles[k] + t / per_part
    end
  end
  return { ratios = ratios, factors = factors, middles = middles, nodes = per_part }
end

-- ---- pairs ----

-- The numbers of the points that the draws begin with: each point as often, but for one.
local function sources(rng, n, draws)
  local list = {}
  for first = 1, draws, n do
    local order = rng:permutation(n)
    list[#list + 1] = first + n - 1 <= draws and order or order[{ 1, draws - first + 1 }]
  end
  return fm.cat(list, 1)
end

-- The floor of each draw in each part of time: [parts, draws].
local function values_of(points, plan, o, rng)
  local n, draws, subset = points.count, o.draws, o.subset
  local count = subset or n
  local values, source = fm.zeros(#plan.middles, draws), sources(rng, n, draws)
  local node, all = (rng:permutation(draws) - 1):totable(), fm.range(1, n)
  local rows = math.max(1, block // count)
  if subset then rows = math.min(rows, math.max(1, draws // 20)) end
  for first = 1, draws, rows do
    local scope <close> = fm.scope()
    local last = math.min(first + rows - 1, draws)
    local number = source[{ first, last }]
    local y, among = points.rows, all
    if subset then
      among = rng:permutation(n)[{ 1, subset }]
      y = points.rows:index_select(among)
    end
    local noise = rng:normal(last - first + 1, points.dim)
    local same = spread.pairs(points.rows:index_select(number), number, noise, y, among, subset and n - 1)
    for k = 1, #plan.middles do
      local _ <close> = fm.scope()
      local r, factor = {}, {}
      for i = first, last do
        local j = math.tointeger(node[i]) % plan.nodes + 1
        r[#r + 1], factor[#r + 1] = plan.ratios[k][j], plan.factors[k][j]
      end
      values[k][{ first, last }]:copy(spread.at(same, fm.tensor(r):reshape(-1, 1)) * fm.tensor(factor))
    end
  end
  return values, rows
end

-- The standard error of the mean of values [n]; with groups of `rows` that belong together.
local function error_of(values, rows)
  local list, means = values:totable(), {}
  for first = 1, #list, rows do
    local sum, last = 0.0, math.min(first + rows - 1, #list)
    for i = first, last do sum = sum + list[i] end
    means[#means + 1] = sum / (last - first + 1)
  end
  local n, mean, square = #means, 0.0, 0.0
  for _, v in ipairs(means) do mean = mean + v / n end
  for _, v in ipairs(means) do square = square + (v - mean) ^ 2 end
  return n > 1 and math.sqrt(square / (n - 1) / n) or 0 / 0
end

return function(x1, given, ...)
  options.no_more(where, 2, ...)
  local o = options.read(where, given, defaults)
  row_times.check(where, o)
  local path = normal_source(where, paths.of(where, o.path))
  predictions.of(where .. ": predict", o.predict)
  o.draws = options.turns(where .. ": draws", o.draws)
  local rng = o.rng == nil and fm.rng(0, "loss_floor") or options.rng(where, o.rng)
  arguments.batch(where, "x1", x1)
  local points = points_of(where .. ": x1", x1)
  if o.subset ~= nil then
    o.subset = options.integer(where .. ": subset", o.subset, 2)
    if o.subset >= points.count then o.subset = nil end
  end
  local plan = schedule(o, path, rng, points.dim)
  local values, rows = values_of(points, plan, o, rng)
  local whole = values:mean(1)
  local errors, together = {}, o.subset and rows or 1
  for k = 1, #plan.middles do errors[k] = error_of(values[k], together) end
  return whole:mean():item(), { t = fm.tensor(plan.middles), floor = values:mean(2), standard_error = error_of(whole, together),
    standard_errors = fm.tensor(errors), draws = o.draws }
end
