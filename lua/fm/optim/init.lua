-- Optimizers over flat parameters, learning rate schedules and the moving average, found by name:
-- optim.adam is optim/adam.lua, or the user's own adam.lua beside the script.
return require("fm.parts.by_name").room("fm.optim", {}, { inner = { "schedule" } })
