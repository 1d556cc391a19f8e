-- map_loss(kind, model, x1, options): trains a two-time model u(x, s, t), s <= t, of which X(x, s,
-- t) = x + (t - s) u(x, s, t) is the map of a flow from time s to t. Rows with s = t learn the
-- velocity: u(x_t, t, t) - v; the others learn what their kind says, found by name:
-- flow.map_loss.lsd is map_loss/lsd.lua, or lsd.lua beside the script. A file returns a table (or a
-- function of its options that makes one):
--
--   residual(rows)     prediction, target: the loss is the mean square of their difference. rows:
--                      see parts/rows.lua
--   m                  if there: rows.m is a time between s and t, "uniform" or "midpoint"
--   pair(rng, n)       if there: draws s, t [n]
--   times = 1          the model has one time: rows.t alone, and no row learns anything else
--   no_teacher = true  the model stands nowhere without a gradient
--
-- A script's own kind may also be the function `residual` alone.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local by_name <const> = require "fm.parts.by_name"
local drawn <const> = require "fm.flow.parts.drawn"
local dropped <const> = require "fm.flow.parts.dropped"
local options <const> = require "fm.parts.options"
local pair_times <const> = require "fm.flow.map_loss.parts.pair_times"
local paths <const> = require "fm.flow.path"
local row_times <const> = require "fm.flow.parts.row_times"
local rows_of <const> = require "fm.flow.map_loss.parts.rows"

local where <const> = "map_loss"
local none <const> = options.none
local defaults <const> = options.often {
  rng = none, x0 = none, s = none, t = none, m = none, share = none, time = none, path = "linear", coupling = "independent",
  cond = none, drop = none, null = none, guidance = none, teacher = none, teacher_times = none, alpha = none, power = 0, c = 1e-3,
}

local function is_kind(value)
  return options.callable(value) or type(value) == "table" and options.callable(value.residual)
end
local kinds <const> = by_name.choice("fm.flow.map_loss", { is = is_kind, expected = "a function of rows, or a table { residual = }" })

-- alpha may stand beside the other options.
local function kind_of(what, alpha)
  local name, given = what, nil
  if alpha ~= nil then
    if type(what) == "table" and type(what[1]) == "string" then name, given = options.split(what) end
    if type(name) ~= "string" then fm.fail "map_loss: alpha goes with the name of a kind" end
    given = given or {}
    given[1], given.alpha = name, alpha
  end
  local kind = kinds.of(where, given or what)
  return options.callable(kind) and { residual = kind } or kind
end

local function check(kind, model, x1, o)
  local one_time = kind.times == 1
  drawn.check(where, model, x1, o, one_time and "both x0 and t" or "x0, s and t", o.x0 ~= nil and o.t ~= nil and (one_time or o.s ~= nil))
  row_times.check(where, o)
  arguments.times(where, "the model", model, kind.times or 2)
  if o.teacher_times ~= nil and o.teacher == nil then fm.fail "map_loss: teacher_times is given, but no teacher" end
  options.number("map_loss: power", o.power, 0, 10)
  options.number("map_loss: c", o.c, 0, 1e12)
end

-- Adds the condition: dropped in some rows, and what stands for none.
local function add_condition(own, o, model, n)
  if o.drop ~= nil then
    if o.rng == nil then fm.fail "map_loss: rng is missing: drop draws from it" end
    own.cond, own.lost = dropped.draw(where, own.cond, o.drop, o.null, model, o.rng, n)
  elseif o.null ~= nil and o.guidance == nil then
    fm.fail "map_loss: null is given, but no drop and no guidance: it is the condition of rows that have none"
  end
  if o.guidance == nil then return end
  if own.cond == nil then fm.fail "map_loss: guidance is given, but no cond" end
  own.guidance = require "fm.flow.map_loss.parts.guidance"(o.guidance)
  own.null = dropped.all(where, own.cond, o.null, model, n)
end

-- All that the residuals are made of.
local function batch(kind, model, x1, o)
  local path, own = paths.of(where, o.path), { model = model }
  if path.noisy and not o.rng then fm.fail "map_loss: rng is missing: this path draws the noise around its line from it" end
  own.path = path
  own.x0, own.x1, own.cond, own.s, own.t, own.m = drawn.pairs(where, o, path, x1, pair_times(kind))
  if path.noisy then own.z = o.rng:normal(own.x1:shape()) end
  add_condition(own, o, model, #own.x1)
  if o.teacher ~= nil then
    if kind.no_teacher then fm.fail "map_loss: teacher: this kind has no model without a gradient, whose place it could take" end
    if kind.times == 1 then arguments.times(where, "the teacher", o.teacher, 1) end
    own.teacher, own.teacher_times = o.teacher, require "fm.flow.map_loss.parts.teacher_times"(o.teacher, o.teacher_times)
  end
  return rows_of.new(own)
end

local function velocity_residual(rows)
  local x, v = rows:with_velocity(rows.t)
  return rows:u(x, rows.t, rows.t), v
end

local function of_kind(kind, rows)
  local p, q = kind.residual(rows)
  arguments.batch(where, "the kind's prediction", p)
  arguments.batch(where, "the kind's target", q, p)
  return p, q
end

-- prediction, target: rows with s = t first.
local function residuals(kind, rows)
  if kind.times == 1 then return of_kind(kind, rows) end
  local equal = rows.s:eq(rows.t)
  local n, total = math.tointeger(equal:sum():item()), #equal
  if n == 0 then return of_kind(kind, rows) end
  if n == total then return velocity_residual(rows) end
  local order = equal:argsort { descending = true }
  local p, q = velocity_residual(rows:picked(order[{ 1, n }]))
  local p2, q2 = of_kind(kind, rows:picked(order[{ n + 1, total }]))
  return fm.cat(p, p2, 1), fm.cat(q, q2, 1)
end

local function map_loss(what, model, x1, given, ...)
  options.no_more(where, 4, ...)
  local o = options.read(where, given, defaults)
  local kind = kind_of(what, o.alpha)
  check(kind, model, x1, o)
  local rows = batch(kind, model, x1, o)
  local p, q = residuals(kind, rows)
  if o.power == 0 then
    local loss = fm.mse(p, q)
    return kind.times == 1 and loss * (p:count() / rows.x1:count()) or loss
  end
  local squares = (p - q):square():reshape(#p, -1):sum(2)
  return (squares / ((squares:detach() + o.c) ^ o.power)):sum() / rows.x1:count()
end

return by_name.room("fm.flow.map_loss", { of = kinds.of }, { call = map_loss })
