-- Time samplers, found by name: how the times of a batch are drawn. flow.time("uniform") is
-- time/uniform.lua, or uniform.lua beside the script. A file returns a function of its options that
-- returns sampler(rng, n) -> t [n] in 0..1.
local by_name <const> = require "fm.parts.by_name"
local options <const> = require "fm.parts.options"

return by_name.choice("fm.flow.time", { is = options.callable, expected = "a function of rng and n" })
