-- loss(model, x1, {path, rng, t, xt, cond}): the mean of -log p(token of x1) under the model at
-- x_t, over the tokens of x_t that are not those of x1 yet; with a source that does not mask, over
-- all. t is drawn uniformly for each row, then x_t. Gat et al. 2024, equation 26.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.discrete.parts.paths"

local where <const> = "discrete.loss"
local none <const> = options.none
local defaults <const> = options.often { path = none, rng = none, t = none, xt = none, cond = none }

return function(model, x1, given, ...)
  options.no_more(where, 3, ...)
  local o = options.read(where, given, defaults)
  if not options.callable(model) then fm.fail(where .. ": the model is " .. options.shown(model) .. ", expected a function or a model") end
  local path <const> = paths.of(where, o.path)
  paths.check_tokens(where, "x1", x1, path.vocabulary)
  if o.rng == nil and (o.t == nil or o.xt == nil) then fm.fail(where .. ": rng is missing (or give both t and xt)") end
  if o.xt ~= nil and o.t == nil then fm.fail(where .. ": t is missing: that of the given xt") end
  local t = o.t == nil and options.rng(where, o.rng):uniform(#x1) or paths.times(where, o.t, #x1)
  local xt = o.xt
  if xt == nil then xt = path:sample(x1, t, o.rng) else paths.check_tokens(where, "xt", xt, path.states, x1) end
  local log_p = paths.log_prob(paths.logits(where, path, model, xt, t, o.cond), x1)
  if not path.masks then return -log_p:mean() end
  local open = xt:ne(x1)
  return -(log_p * open):sum() / math.max(1, open:sum():item())
end
