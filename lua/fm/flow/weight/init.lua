-- Weights of the loss over time, found by name: flow.weight("snr") is weight/snr.lua, or snr.lua
-- beside the script. A weight multiplies the mean of each row. A file returns a table (or a
-- function of its options that makes one):
--
--   of                     "velocity", "data" or "noise": whose error the weight is meant for. The
--                          loss converts it to what it compares, so the weighted loss is the same
--                          one for every prediction
--   weight(a, s, w, guard) the weight at times with these coefficients of the path, w = s da - a
--                          ds: numbers, or tensors [B]. What divides is at least guard
--
-- A script's own weight may also be a function of t [B] alone, which is used as it is.
local by_name <const> = require "fm.parts.by_name"
local options <const> = require "fm.parts.options"

local function is_weight(value)
  return options.callable(value) or type(value) == "table" and type(value.of) == "string" and options.callable(value.weight)
end

return by_name.choice("fm.flow.weight", { is = is_weight, expected = "a function of t, or a table { of = , weight = }" })
