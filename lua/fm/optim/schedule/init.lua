-- Learning rate schedules, found by name: optim.cosine is optim/schedule/cosine.lua. A file returns
-- a function of its options that makes a function of the steps taken (0 for the first update),
-- which gives the rate. An option `lr` takes such a function, or { "name", option = }.
local by_name <const> = require "fm.parts.by_name"
local options <const> = require "fm.parts.options"

return by_name.choice("fm.optim.schedule", { is = options.callable, expected = "a function of the steps taken" })
