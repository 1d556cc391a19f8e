-- Where a flow of tokens starts, found by name. A file returns a table:
--   start(shape, V, rng)   tokens of x0, each drawn alone
--   probability(V)         how likely each token is in x0: a tensor [V] of positive numbers with
--                          the sum 1. Without it the sampler has no corrector, and the bound on
--                          bits is loose
--   masks                  true: x0 is the token V + 1 everywhere, which tells nothing of x1, and a
--                          token that is not masked is that of x1
local by_name <const> = require "fm.parts.by_name"
local options <const> = require "fm.parts.options"

local function is_source(value) return type(value) == "table" and options.callable(value.start) end

return by_name.choice("fm.discrete.source", { is = is_source, expected = "a table { start = function(shape, V, rng) }" })
