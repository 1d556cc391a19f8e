-- Things that a run keeps, while one of its loops goes on: thing -> true. What a script sets on them then must be a part of their state: a
-- run that goes on from a checkpoint does not set it again.
return setmetatable({}, { __mode = "k" })
