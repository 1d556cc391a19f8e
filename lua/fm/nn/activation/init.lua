-- Activations, found by name: nn.silu is activation/silu.lua. A file returns a function of its
-- options that makes a layer, like the files of nn. An option `act` takes the name of an
-- activation, { "name", option = }, or such a layer.
local by_name <const> = require "fm.parts.by_name"
local options <const> = require "fm.parts.options"

return by_name.choice("fm.nn.activation", { is = options.callable, expected = "a layer" })
