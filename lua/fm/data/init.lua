-- Data, found by name: data.moons is data/moons.lua, or the user's own moons.lua beside the script.
-- A dataset is a function of its options that returns a tensor; a loader is a function of a path
-- that returns a tensor, or nil and a message.
return require("fm.parts.by_name").room "fm.data"
