-- Plots, found by name: plot.scatter is plot/scatter.lua, or the user's own scatter.lua beside the
-- script. A plot is a function that returns a picture (plot/parts/picture.lua): a list of shapes
-- that picture:save(path) writes as .png or .svg.
return require("fm.parts.by_name").room "fm.plot"
