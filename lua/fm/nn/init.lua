-- Layers, found by name: nn.linear is nn/linear.lua, or linear.lua of a user's beside the script (in a folder
-- on package.path); nn.silu is nn/activation/silu.lua.
local init <const> = require "fm.nn.parts.init_stream"
local module <const> = require "fm.nn.parts.module"

return require("fm.parts.by_name").room("fm.nn", { module = module.new, seed = init.seed }, { inner = { "activation" } })
