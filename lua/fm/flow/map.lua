-- map(model) -> X(x, s, t [, cond]) = x + (t - s) u(x, s, t): what a two-time model u says about
-- where the flow takes x, which is there at time s, until t. Times are numbers or [B]; a model that
-- is written for one of them gets numbers as [B] or as they are (see parts/field.lua).
local arguments <const> = require "fm.flow.parts.arguments"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local fields <const> = require "fm.parts.field"
local options <const> = require "fm.parts.options"
local row_times <const> = require "fm.flow.parts.row_times"

local where <const> = "map"

return function(model, ...)
  options.no_more(where, 1, ...)
  arguments.model(where, model)
  arguments.times(where, "the model", model, 2)
  local call <const> = setmetatable({}, { __mode = "v" }) -- s and cond of the call at work; after an error they go
  local u <const> = fields.of(function(x, to)
    local s, cond = call.s, call.cond
    if type(to) ~= "number" then s = row_times.over(s, #x) end
    if cond == nil then return model(x, s, to) end
    return model(x, s, to, cond)
  end)
  return function(x, s, t, cond, ...)
    options.no_more(where, 4, ...)
    arguments.batch(where, "x", x)
    s, t = arguments.time(where, s, #x, "s"), arguments.time(where, t, #x)
    if type(s) ~= type(t) then s, t = row_times.over(s, #x), row_times.over(t, #x) end
    call.s, call.cond = s, cond
    local mean = u(x, t)
    call.s, call.cond = nil, nil
    arguments.batch(where, "what the model returned", mean, x)
    return x + coefficients.over_rows(t - s, x) * mean
  end
end
