-- How much noise a path has around its line, xt = a x1 + s x0 + gamma(t) z, found by name:
-- flow.gamma("sqrt") is gamma/sqrt.lua, or sqrt.lua beside the script. A file returns a function of
-- its options that makes { gamma = , dgamma = }: gamma and its slope, functions of t, a tensor or a
-- number; or a function gamma(t) alone, whose slope comes from the tape. The slope may have no
-- bound at the ends: a path reads it a little inside. Albergo, Boffi and Vanden-Eijnden 2023.
local by_name <const> = require "fm.parts.by_name"
local options <const> = require "fm.parts.options"

local function is_gamma(value)
  return options.callable(value) or type(value) == "table" and type(value.gamma) == "function"
end

return by_name.choice("fm.flow.gamma", { is = is_gamma, expected = "a function of t, or { gamma = , dgamma = }" })
