-- The data sets of compare_baselines.lua, each with the part that makes it.
return { moons = "points", checkerboard = "points", mnist = "pictures" }
