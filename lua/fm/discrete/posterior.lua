-- posterior(model, {path}) -> model(xt, t [, cond]): the logits of the model and, on the token that
-- stands at a place, what it says itself of that of x1 by Bayes: log(1 + k / ((1 - k) q)), with k =
-- t^power and q its probability in the source. The model then has to say only what the other tokens
-- say, which is smooth in t; else its logits must grow without bound as t goes to 1. Use it for
-- sources that draw: a network learns faster, and the bound on bits needs it. With masks nothing is
-- added: a mask says nothing.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.discrete.parts.paths"

local where <const> = "discrete.posterior"
local defaults <const> = { path = options.none }
local least <const> = fm.real == "double" and 1e-15 or 1e-7

return function(model, given, ...)
  options.no_more(where, 2, ...)
  local o = options.read(where, given, defaults)
  paths.check_model(where, model)
  local path <const> = paths.of(where, o.path)
  if not path.masks and not path.probability then fm.fail(where .. ": the path's source has no probability(V), which it needs") end
  local V <const> = path.vocabulary

  return function(xt, t, cond)
    local logits = paths.logits(where, path, model, xt, t, cond)
    if path.masks then return logits end
    local B, L <const> = #xt, xt:size(2)
    local k = path:kept(paths.times(where, t, B)):reshape(B, 1)
    local says = (1 + k / ((1 - k):clamp { min = least } * paths.chance(path, xt))):log()
    return logits + fm.one_hot(xt, { n = V }) * says:reshape(B, L, 1)
  end
end
