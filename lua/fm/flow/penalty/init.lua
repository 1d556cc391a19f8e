-- Penalties, found by name: what the difference of a prediction and its target counts.
-- flow.penalty("huber") is penalty/huber.lua, or huber.lua beside the script. A file returns a
-- table (or a function of its options that makes one):
--
--   each(difference)      [B, ...], or one number for each row [B]; the loss is the mean over all
--   mean(p, target)       if there: the mean of each(p - target), in one op
--
-- A script's own penalty may also be the function `each` alone.
local by_name <const> = require "fm.parts.by_name"
local options <const> = require "fm.parts.options"

local function is_penalty(value)
  return options.callable(value) or type(value) == "table" and options.callable(value.each)
end

return by_name.choice("fm.flow.penalty", { is = is_penalty, expected = "a function of the difference, or a table { each = }" })
