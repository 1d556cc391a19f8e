-- Layers, found by name: nn.linear is nn/linear.lua, or linear.lua of a user's beside the script
-- (in a folder on package.path); nn.silu is nn/activation/silu.lua.
return require("fm.parts.by_name").room("fm.nn", {}, { inner = { "activation" } })
