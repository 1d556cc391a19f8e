-- guidance(model, {cond, null, scale, interval, kind, zero_steps, steps, weak}) -> field(x, t): a
-- conditional model that follows its condition more (or less) closely, for a solver. The model's
-- velocity v = model(x, t, cond) is combined with that of the model under `null`, the condition
-- that says nothing, or with that of a weaker model.
--   cond         goes to the model: labels [B], or [B, k]; its rows leave a solve with those of x
--   null         the condition that stands for none: a number, a row, or shaped as cond. As in
--                flow.loss it is n + 1 for labels of a model with n classes, and 0 for [B, k];
--                else, for labels, the model is called without a condition
--   scale        w: 0 is the model under null, 1 the conditional model; a number or a function of t
--   interval     {a, b}: for other t, w is 1 (the ends belong to it). Kynkaanniemi et al. 2024
--   kind         how both are combined, found by name: flow.guidance.cfg is guidance/cfg.lua, or
--                cfg.lua beside the script. "cfg" is v_null + w (v - v_null). A file returns a
--                table { combine = function(v, other, w, x, t) [, zero_until = t] }, or a
--                function of its options that makes one; w is a number or a column that broadcasts
--                over v; the velocity is 0 for t < zero_until. A function is a combine
--   zero_steps,  of "cfg_zero_star": the velocity is 0 for t < zero_steps / steps
--   steps
--   weak         another model, called with cond too, in place of the model under null:
--                v_weak + w (v - v_weak), autoguidance. Karras et al. 2024
--   predict,     what model and weak give, as for flow.velocity
--   path, guard
-- t is a number or [B]: each row has the w of its time. Each velocity comes from a call of its own:
-- one call with 2B rows takes the same time from B = 64 on, and for some B it gives other bits.
-- With a number t outside of the interval, or w = 1, there is one call, before zero_until none.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local by_name <const> = require "fm.parts.by_name"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local fields <const> = require "fm.parts.field"
local options <const> = require "fm.parts.options"
local null_of <const> = require "fm.flow.guidance.parts.null"
local scales <const> = require "fm.flow.guidance.parts.scale"
local velocity <const> = require "fm.flow.velocity"

local where <const> = "guidance"
local none <const> = options.none
local defaults <const> = {
  cond = none, null = none, scale = none, interval = none, kind = "cfg", zero_steps = none, steps = none, weak = none,
  predict = "velocity", path = "linear", guard = 1e-3,
}

local function is_kind(value)
  return options.callable(value) or type(value) == "table" and options.callable(value.combine)
end
local kinds <const> = by_name.choice("fm.flow.guidance", { is = is_kind, expected = "a function of v, other and w, or a table { combine = }" })

local function kind_of(o)
  local kind = o.kind
  if o.zero_steps ~= nil then
    if type(kind) ~= "string" or kind == "cfg" then fm.fail(where .. ': zero_steps goes with kind = "cfg_zero_star"') end
    kind = { kind, zero_steps = o.zero_steps, steps = o.steps }
  end
  kind = kinds.of("guidance: kind", kind)
  if options.callable(kind) then return kind, nil end
  return kind.combine, kind.zero_until ~= nil and options.number("guidance: kind: zero_until", kind.zero_until, 0, 1) or nil
end

local function check(model, o)
  arguments.model(where, model)
  if o.weak ~= nil then arguments.model("guidance: weak", o.weak)
  elseif o.cond == nil then fm.fail "guidance: cond is missing (or give weak, another model)" end
end

local function called(model, o, cond)
  if o.predict == "velocity" then return fields.of(model, cond) end
  return fields.of(velocity(model, { predict = o.predict, path = o.path, guard = o.guard, cond = cond }))
end

-- The times of the rows of x: a number, or a tensor [B] or [1].
local function times(t, x)
  return type(t) == "number" and t or arguments.time("guidance: field", t, #x)
end

-- `yes` in the rows where `at` says so, `no` in the others.
local function chosen(at, yes, no, x)
  if at == true then return yes end
  return fm.where(coefficients.over_rows(at, x), yes, no)
end

local function guidance(model, given, ...)
  options.no_more(where, 2, ...)
  local o = options.read(where, given, defaults)
  check(model, o)
  local combine, zero_until = kind_of(o)
  local scale, constant = scales.of(where, o.scale, o.interval), o.scale
  local main = called(model, o, o.cond)
  local other = o.weak ~= nil and called(o.weak, o, o.cond) or called(model, o, null_of(where, o.cond, o.null, model))

  local function guided(x, t, pick)
    local v = main(x, t, pick)
    arguments.batch(where, "what the model returned", v, x)
    if constant == 1 then return v end
    local w, at = scale(times(t, x))
    if at == false then return v end
    local y = other(x, t, pick)
    arguments.batch(where, o.weak ~= nil and "what weak returned" or "what the model returned under null", y, x)
    y = combine(v, y, coefficients.over_rows(w, x), x, t)
    arguments.batch("guidance: kind", "what combine returned", y, x)
    return chosen(at, y, v, x)
  end

  return fields.new("guidance: field", function(x, t, pick)
    arguments.batch("guidance: field", "x", x)
    arguments.any_time("guidance: field", t)
    local is_zero = zero_until ~= nil and scales.before(times(t, x), zero_until)
    if not is_zero then return guided(x, t, pick) end
    if is_zero == true then return fm.zeros(x:shape()) end
    return chosen(is_zero, 0, guided(x, t, pick), x)
  end)
end

return by_name.room("fm.flow.guidance", { of = kinds.of }, { call = guidance })
