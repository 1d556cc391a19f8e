-- Activations, found by name: nn.silu is activation/silu.lua. A file returns a function of its
-- options that makes a layer, as those of nn do; an option `act` takes its name, { "name", option =
-- }, or such a layer.
local by_name <const> = require "fm.parts.by_name"
local options <const> = require "fm.parts.options"

return by_name.choice("fm.nn.activation", { is = options.callable, expected = "a layer" })
