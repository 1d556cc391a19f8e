-- check_pairs(x0, x1, options) -> true, info, or nil and a message: whether pairs lie the right way
-- round, x0 at the source. Pairs that were swapped on their way (in a file, by a merge) train a
-- flow from data to noise, and its loss looks as good.
--   model     a flow whose pairs they are: the one that made them, or one that was trained on them.
--             Some rows are solved: from x0 it must come nearer to x1 than from x1 to x0, and
--             nearer to their own x1 than to that of another row. So rows that no longer belong
--             together are found too. cond and the options of ode.solve go with it.
--   source    without a model: a tensor, function(n, rng) -> x0, or nil for a unit normal. x1 must
--             not be nearer to it than x0 is, in energy distance.
-- rows = 256: how many rows are looked at, spaced evenly. Nothing is recorded.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local fields <const> = require "fm.parts.field"
local mean_distance <const> = require("fm.core").measure.mean_distance
local options <const> = require "fm.parts.options"
local reverse <const> = require "fm.flow.parts.reverse"
local solve <const> = require "fm.ode.parts.solve"
local sorted_keys <const> = require "fm.parts.sorted_keys"

local where <const> = "check_pairs"
local own <const> = { model = options.none, source = options.none, rng = options.none, cond = options.none, rows = 256 }
local defaults <const> = reverse.how_options(own)

local swapped <const> = "the ends of the pairs look swapped: "

local function squared(a, b)
  return (a - b):square():mean():item()
end

-- ---- with a model ----

local function by_model(o, x0, x1, numbers, n)
  local call, plan = fields.of(o.model, o.cond), reverse.how(o)
  local function end_of(x)
    return (reverse.finished(where, solve(where, function(at, t, rows)
      local these = numbers:index_select(rows, 1)
      local function select(value) return value:index_select(these, 1) end
      return call(at, t, function(value) return fields.picked(value, select, n) end)
    end, x, plan)))
  end
  local reached = end_of(x0)
  local info = { forward = squared(reached, x1), backward = squared(end_of(x1), x0) }
  if #x1 > 1 then info.other = squared(reached, fm.cat(x1[{ 2, #x1 }], x1[{ 1, 1 }], 1)) end
  if info.forward <= 1e-6 * squared(x0, x1) then return true, info end
  if info.backward < info.forward / 2 then
    return nil, ("%sfrom x1 the model comes to x0 within a mean square of %.3g, from x0 to x1 within %.3g"):format(swapped, info.backward, info.forward)
  end
  if info.other and info.forward > info.other / 2 then
    return nil, ("x0 and x1 do not belong together row by row: from x0 the model comes to x1 within a mean square of %.3g, "
      .. "to the x1 of other rows within %.3g"):format(info.forward, info.other)
  end
  return true, info
end

-- ---- with a source ----

local function energy(a, b)
  return 2 * mean_distance(a, b) - mean_distance(a, a) - mean_distance(b, b)
end

-- Two samples of the source, each with as many rows as x0 if it has them.
local function sources(o, x0)
  local n, source = #x0, o.source
  if fm.is_tensor(source) then
    if source:rank() ~= x0:rank() or source:count() // math.max(1, #source) ~= x0:count() // n or #source < 2 then
      fm.fail(("%s: source is [%s], expected two rows or more like those of x0 [%s]"):format(where, table.concat(source:shape(), ", "),
        table.concat(x0:shape(), ", ")))
    end
    local half = math.min(n, #source // 2)
    return source[{ 1, half }], source[{ half + 1, 2 * half }]
  end
  if source ~= nil and not options.callable(source) then
    fm.fail(("%s: source: expected a tensor or a function of n and rng, found %s"):format(where, options.shown(source)))
  end
  if o.rng == nil then fm.fail(where .. ": rng is missing: points of the source are drawn from it (or give the model that made the pairs)") end
  options.rng(where, o.rng)
  local function draw()
    if source == nil then return o.rng:normal(x0:shape()) end
    local x = source(n, o.rng)
    arguments.batch(where, "what source returned", x, x0)
    return x
  end
  return draw(), draw()
end

local function by_source(o, x0, x1)
  local function flat(x) return x:reshape(#x, -1) end
  local one, other = sources(o, x0)
  one, other = flat(one), flat(other)
  local info = { x0 = energy(flat(x0), one), x1 = energy(flat(x1), one), floor = energy(other, one) }
  if info.x1 < info.x0 / 2 and info.x0 > 3 * info.floor then
    return nil, ("%sthe energy distance to the source is %.3g for x1, %.3g for x0, %.3g for the source itself"):format(swapped, info.x1, info.x0, info.floor)
  end
  return true, info
end

-- Which rows are looked at: numbers from 1 to n, spaced evenly.
local function some_of(n, rows)
  if rows >= n then return fm.range(1, n) end
  local list = {}
  for i = 1, rows do list[i] = (i - 1) * n // rows + 1 end
  return fm.tensor(list)
end

local without_model <const> = { source = true, rng = true, rows = true }

-- Options of the one way are an error in the other.
local function check_together(o)
  if o.model ~= nil then arguments.model(where, o.model) end
  for _, name in ipairs { "source", "rng" } do
    if o.model ~= nil and o[name] ~= nil then fm.fail(("%s: %s is for a check without a model"):format(where, name)) end
  end
  for _, name in ipairs(sorted_keys(defaults)) do
    local default = defaults[name] ~= options.none and defaults[name] or nil
    if o.model == nil and not without_model[name] and o[name] ~= default then
      fm.fail(("%s: %s is for a check with a model"):format(where, name))
    end
  end
end

return function(x0, x1, given, ...)
  options.no_more(where, 3, ...)
  arguments.batch(where, "x0", x0)
  if x0:count() == 0 then fm.fail(("%s: x0 is [%s]: it has no numbers"):format(where, table.concat(x0:shape(), ", "))) end
  arguments.batch(where, "x1", x1, x0)
  local o = options.read(where, given, defaults)
  check_together(o)
  local scope <close> = fm.scope()
  local numbers = some_of(#x0, options.size(where .. ": rows", o.rows))
  local a, b = fm.index_select(x0, numbers, 1), fm.index_select(x1, numbers, 1)
  if o.model ~= nil then return by_model(o, a, b, numbers, #x0) end
  return by_source(o, a, b)
end
