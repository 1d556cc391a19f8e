-- guidance(model, {cond, null, scale, interval, weak}) -> model(xt, t), for discrete.sample and
-- discrete.inpaint: a conditional model that follows its condition more (or less) closely. It gives
-- log p_null + w (log p - log p_null) of each token, with p = softmax(model(xt, t, cond)) and
-- p_null that of the model under `null`, as logits: p^w p_null^(1 - w) with the sum 1. Schiff et
-- al. 2024 (Simple guidance mechanisms for discrete diffusion models).
--   cond       goes to the model: labels [B], or [B, k]
--   null       the condition that stands for none, as in discrete.loss: n + 1 for labels of a model
--              with n classes, 0 for [B, k]; else, for labels, the model is called without one
--   scale      w: 0 is the model under null, 1 the conditional model; a number or a function of t
--   interval   {a, b}: for other t, w is 1 (the ends belong to it)
--   weak       another model, called with cond too, in place of the model under null
-- A token whose logit is -inf keeps it, because 0^w = 0, except where w = 0. If it is -inf only
-- under null (or in weak), it is -inf for w < 1; from w = 1 on the token keeps the log p of the
-- conditional model, because nothing can be divided by 0.
-- A call is two calls of the model, one where w = 1 or outside of the interval.
local fm <const> = require "fm"
local null_of <const> = require "fm.flow.guidance.parts.null"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.discrete.parts.paths"
local scales <const> = require "fm.flow.guidance.parts.scale"

local where <const> = "discrete.guidance"
local none <const> = options.none
local defaults <const> = { cond = none, null = none, scale = none, interval = none, weak = none }

local function called(model, cond)
  if cond == nil then return function(xt, t) return model(xt, t) end end
  return function(xt, t) return model(xt, t, cond) end
end

local function log_p(name, logits, like)
  if not fm.is_tensor(logits) or logits:rank() ~= 3 then
    fm.fail(("%s: %s returned %s, expected logits [B, L, V]"):format(where, name, options.shown(logits)))
  end
  if like and table.concat(logits:shape(), " ") ~= table.concat(like:shape(), " ") then
    fm.fail(("%s: %s returned %s, the model %s"):format(where, name, options.shown(logits), options.shown(like)))
  end
  return logits:log_softmax(3)
end

local function forbids(values) return values:detach():min():item() == -math.huge end

--- y + (v - y) w, where both may be -inf.
local function between(y, v, w)
  if not (forbids(v) or forbids(y)) then return y + (v - y) * w end
  w = fm.is_tensor(w) and w or fm.full({ 1, 1, 1 }, w)
  local none_v, none_y <const> = v:eq(-math.huge):detach(), y:eq(-math.huge):detach()
  local finite_v, finite_y = fm.where(none_v, 0, v), fm.where(none_y, 0, y)
  local found = fm.where(none_y, fm.where(w:lt(1), -math.huge, v), finite_y + (finite_v - finite_y) * w)
  return fm.where(none_v, fm.where(w:eq(0), y, -math.huge), found)
end

return function(model, given, ...)
  options.no_more(where, 2, ...)
  local o = options.read(where, given, defaults)
  paths.check_model(where, model)
  if o.weak ~= nil then
    paths.check_model(where .. ": weak", o.weak)
    if o.null ~= nil then fm.fail(where .. ": null does not go with weak, which takes the place of the model under null") end
  elseif o.cond == nil then fm.fail(where .. ": cond is missing (or give weak, another model)") end
  local scale = scales.of(where, o.scale, o.interval)
  local main = called(model, o.cond)
  local other = o.weak ~= nil and called(o.weak, o.cond) or called(model, null_of(where, o.cond, o.null, model))
  local name <const> = o.weak ~= nil and "weak" or "the model under null"

  return function(xt, t)
    local v = log_p("the model", main(xt, t))
    if o.scale == 1 then return v end
    local w, at = scale(t)
    if at == false or fm.is_tensor(at) and at:max():item() == 0 then return v end
    local y = log_p(name, other(xt, t), v)
    local combined = between(y, v, fm.is_tensor(w) and w:reshape(-1, 1, 1) or w)
    return at == true and combined or fm.where(at:reshape(-1, 1, 1), combined, v)
  end
end
