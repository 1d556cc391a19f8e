-- Learning rate schedules, found by name: functions of the steps taken that give a rate. optim.cosine is optim/schedule/cosine.lua.
return require("fm.parts.by_name").room "fm.optim.schedule"
