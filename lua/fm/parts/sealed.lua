-- Objects that a run keeps while one of its loops is going: object -> true. What a script sets on
-- them then must be part of their state, because a run that goes on from a checkpoint does not set
-- it again.
return setmetatable({}, { __mode = "k" })
