-- Optimizers over flat parameters, learning rate schedules and the moving average, found by name:
-- optim.adam is optim/adam.lua, or adam.lua of a user's beside the script.
return require("fm.parts.by_name").room("fm.optim", {}, { inner = { "schedule" } })
