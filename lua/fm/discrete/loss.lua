-- loss(model, x1, {path, rng, loss = "cross_entropy" | "bound", time, t, xt, cond, drop, null}), in
-- nats a token.
--   cross_entropy   the mean of -log p(token of x1) under the model at x_t, over the tokens of x_t
--                   that are not those of x1 yet; with a source that does not mask, over all. t is
--                   drawn by `time`, "uniform" or another sampler of flow.time, for each row, then
--                   x_t. Gat et al. 2024, equation 26
--   bound           what discrete.bits estimates: a bound on -log p(x1) / L. It draws x_t itself
-- Both have the same best model; they differ in what an error costs. Times are those of the path's
-- clock: with a power above 1, k = t^power is small for more of them.
--   drop, null      as in flow.loss: per row, cond becomes `null` with the probability drop
local fm <const> = require "fm"
local bounds <const> = require "fm.discrete.parts.bounds"
local dropped <const> = require "fm.flow.parts.dropped"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.discrete.parts.paths"
local row_times <const> = require "fm.flow.parts.row_times"

local where <const> = "discrete.loss"
local none <const> = options.none
local defaults <const> = options.often {
  path = none, rng = none, loss = "cross_entropy", time = none, t = none, xt = none, cond = none, drop = none, null = none,
}

local losses <const> = {}

function losses.bound(o, path, model, x1)
  for _, name in ipairs { "time", "t", "xt" } do
    if o[name] ~= nil then fm.fail(("%s: %s does not go with the bound, which draws x_t itself"):format(where, name)) end
  end
  local rows = bounds.of(path)(path, x1, options.rng(where, o.rng), function(xt, t)
    return paths.logits(where, path, model, xt, t, dropped.of_loss(where, o, o.cond, model, #x1))
  end)
  return rows:mean() / x1:size(2)
end

function losses.cross_entropy(o, path, model, x1)
  if o.rng == nil and (o.t == nil or o.xt == nil) then fm.fail(where .. ": rng is missing (or give both t and xt)") end
  if o.xt ~= nil and o.t == nil then fm.fail(where .. ": t is missing: that of the given xt") end
  row_times.check(where, o)
  local t = o.t == nil and row_times.drawn(where, o.time, options.rng(where, o.rng), #x1) or paths.times(where, o.t, #x1)
  local xt = o.xt
  if xt == nil then xt = path:sample(x1, t, o.rng) else paths.check_tokens(where, "xt", xt, path.states, x1) end
  local log_p = paths.log_prob(paths.logits(where, path, model, xt, t, dropped.of_loss(where, o, o.cond, model, #x1)), x1)
  if not path.masks then return -log_p:mean() end
  local open = xt:ne(x1)
  return -fm.where(open, log_p, 0):sum() / math.max(1, open:sum():item()) -- it may be -inf where nothing is asked
end

return function(model, x1, given, ...)
  options.no_more(where, 3, ...)
  local o = options.read(where, given, defaults)
  paths.check_model(where, model)
  local path <const> = paths.of(where, o.path)
  paths.check_tokens(where, "x1", x1, path.vocabulary)
  return options.choose(where .. ": loss", o.loss, losses)(o, path, model, x1)
end
