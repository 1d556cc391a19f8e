-- Layers, found by name: nn.linear is nn/linear.lua, or the user's own linear.lua beside the script
-- (in a folder on package.path); nn.silu is nn/activation/silu.lua.
return require("fm.parts.by_name").room("fm.nn", {}, { inner = { "activation" } })
