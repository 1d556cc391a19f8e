-- Where initial weights come from: one stream, and each layer makes the next call of it, so the
-- same script with the same seed starts from the same weights. A run seeds it; without a run it
-- starts at 0. It follows the step, so layers made inside a loop are the same when the run goes on.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local sealed <const> = require "fm.parts.sealed"

local init <const> = {}

--- Starts the stream anew, from a number or from the random stream given.
function init.seed(from, ...)
  options.no_more("seed", 1, ...)
  if next(sealed) then fm.fail "seed: call it before the loop: a seed set inside is lost when the run goes on from a checkpoint" end
  local root = from
  if math.type(from) then root = fm.rng(options.integer("seed", from, math.mininteger)) end
  if getmetatable(root) ~= "rng" then fm.fail("seed: expected a whole number or a random stream, found " .. options.shown(from)) end
  init.weights, init.dropout = root:stream "init", root:stream "dropout"
end

--- [n, ...] numbers in -bound..bound, as a parameter.
function init.uniform(bound, ...)
  local scope <close> = fm.scope()
  return fm.parameter((init.weights:uniform(...) * 2 - 1) * bound)
end

--- [n, ...] normal numbers, as a parameter.
function init.normal(...)
  return fm.parameter(init.weights:normal(...))
end

init.seed(0)

return init
