-- Small pictures of every kind of plot, with every option somewhere, as text: a line for each shape
-- that a picture draws. drawings.txt keeps what they were; make_drawings.lua writes it.
local fm <const> = require "fm"
local plot <const> = fm.plot

-- Numbers that a float holds, so that both builds draw the same.
local function points() return fm.tensor { { -1, 0.5 }, { 0.25, -0.75 }, { 1.5, 1 }, { 0.75, 2 } } end
local function truth() return fm.tensor { { 0, 0 }, { 1, 1.25 }, { -0.5, 1.5 } } end
local function states() return fm.cat(points(), points() * 0.5 + 0.25, points() * 0 + 1, 1):reshape(3, 4, 2) end
local function grid() return fm.tensor { { 1, 1.25, 4 }, { 2, 0.5, 3 } } end
local function slope(x) return x[{ {}, 1 }] * 2 + x[{ {}, 2 }] end
local function slopes(x, t) return x * t + fm.tensor { 1, -0.5 } end
local function height(x) return x[{ {}, -1 }] end
local box <const> = { -2, 2, -1, 1 }
local wide_box <const> = { -1, 3, 0, 1 }

local function repeated(n, text)
  local list = {}
  for i = 1, n do list[i] = ("%s %d"):format(text, i) end
  return list
end

local function ranks()
  local rows = {}
  for i = 1, 15 do rows[i] = { i * 3 % 10, i // 4 } end
  return fm.tensor(rows)
end

return {
  { "scatter", function() return plot.scatter(points(), { size = 200 }) end },
  { "scatter, all options", function()
    return plot.scatter(points(), { reference = truth(), names = { "model" }, title = "A title that is longer than one line of it", xlabel = "across",
      ylabel = "up", limits = { -0.5, 2, -1, 3 }, size = 150, labels = { "a", "", 3.0 } })
  end },
  { "scatter, words elsewhere", function()
    return plot.scatter(points(), { size = 120, labels = { "here", "there", at = fm.tensor { { 3, 3 }, { -2, 0 } } } })
  end },
  { "scatter, crowded words", function() return plot.scatter(fm.zeros(14, 2), { size = 110, labels = repeated(14, "word") }) end },
  { "scatter, one outside", function() return plot.scatter(fm.cat(points() * 0, points(), 1), { limits = { -2, 1, -2, 2 }, size = 100 }) end },
  { "density of points", function() return plot.density(points(), { cells = 4, size = 100, limits = { -1, 1, -1, 1 }, title = "d" }) end },
  { "density, around points", function() return plot.density(fm.cat(points(), truth(), 1), { size = 120, label = "per unit" }) end },
  { "density of a function", function() return plot.density(slope, { limits = wide_box, cells = 8, size = 160 }) end },
  { "density of a grid", function() return plot.density(grid() + 8, { limits = wide_box, size = 100, xlabel = "", ylabel = "" }) end },
  { "density, equal values", function() return plot.density(grid() * 0 - 4, { limits = wide_box, size = 100 }) end },
  { "densities", function() return plot.densities({ grid(), grid():square() }, { limits = wide_box, size = 120, titles = { "one", "two" } }) end },
  { "densities, difference", function()
    return plot.densities({ grid(), grid() * -1, grid() * 0 }, { limits = wide_box, size = 110, difference = true, label = "value", title = "all" })
  end },
  { "densities, of points", function()
    return plot.densities({ points(), truth() }, { limits = box, size = 100, difference = "how they differ", titles = { "one", 2 } })
  end },
  { "trajectories", function() return plot.trajectories(states(), { size = 160, title = "paths" }) end },
  { "quiver of a field", function() return plot.quiver(function(x, t) return x * (t + 1) end, { limits = box, arrows = 4, size = 160, t = 0.25 }) end },
  { "quiver around points", function() return plot.quiver(function(x) return x * 0 end, { points = truth(), arrows = 3, size = 100, title = "still" }) end },
  { "quiver of velocities", function() return plot.quiver(points(), points() * 2 - 1, { size = 140, arrows = 5, points = truth() }) end },
  { "images", function() return plot.image_grid(fm.range(0, 11):reshape(3, 4) / 16, { scale = 4 }) end },
  { "images, all options", function()
    return plot.image_grid(fm.range(0, 35):reshape(3, 12), { channels = 3, height = 2, width = 2, columns = 2, range = { -4, 60 }, scale = 20,
      labels = { "one", "", "a third of two lines" }, title = "Images", xlabel = "below", ylabel = "beside" })
  end },
  { "images, wide labels", function() return plot.image_grid(fm.zeros(5, 1, 3, 4), { labels = fm.range(1001, 1005) }) end },
  { "images, flat", function() return plot.image_grid(fm.zeros(2, 6), { width = 3, title = "low ones" }) end },
  { "curve", function() return plot.curve({ loss = { 3, 2, 1.5, 1.25 } }, { width = 200, height = 120 }) end },
  { "curve, several", function()
    return plot.curve({ { name = "points", x = { 1, 2, 4 }, y = { 2, 3, 2.5 }, points = true, labels = { "a", "b", "c" } },
      { name = "both", x = { 1, 3, 5, 6 }, y = { 1, 4, 0 / 0, 3 }, points = true, joined = true },
      { name = "faint", x = { 1, 6 }, y = { 1, 4 }, faint = true, labels = { "low", "high" } }, { x = { 2 }, y = { 2 }, points = true } },
      { width = 260, height = 160, title = "Several", xlabel = "x", ylabel = "y" })
  end },
  { "curve, logarithms", function() return plot.curve({ { { 1, 10, 1000 }, { 0.5, -1, 20 } } }, { log = "xy", width = 220, height = 180 }) end },
  { "curve, one decade", function() return plot.curve({ a = { x = { 2, 3, 4 }, y = { 1.5, 1.75, 1.625 } } }, { log = "x", width = 200, height = 100 }) end },
  { "curve, many decades", function()
    return plot.curve({ a = fm.tensor { { 1, 2 }, { 2, 4 } } }, { log = "y", limits = { 0, 3, 1e-7, 1e12 }, width = 200, height = 300 })
  end },
  { "curve, huge", function() return plot.curve({ a = { -1e308, 1e308 } }, { width = 150, height = 90 }) end },
  { "curve, tiny", function() return plot.curve({ a = { x = { 0, 4e-300 }, y = { 1e-310, 3e-300 } } }, { width = 150, height = 90, ylabel = "" }) end },
  { "filmstrip", function() return plot.filmstrip(states(), { size = 90 }) end },
  { "filmstrip, all options", function()
    return plot.filmstrip(states(), { size = 90, columns = 2, titles = { "a", 2, "a title too long for it" }, reference = truth(), names = { "m", "r" },
      classes = fm.tensor { 1, 3, 3, 1 }, title = "T", limits = box })
  end },
  { "torus of points", function() return plot.torus(fm.tensor { { 4, 1 }, { -1, -4 } }, { reference = truth(), size = 140 }) end },
  { "torus of a function", function()
    return plot.torus(function(x) return x[{ {}, 1 }] end, { reference = truth(), cells = 4, size = 120, label = "v", range = { -2, 2 }, names = { "a", "b" } })
  end },
  { "globe of points", function()
    return plot.globe(fm.tensor { { 1, 0, 0 }, { 0, 2, 0 }, { 0, 0, 0 }, { -1, -1, 1 } },
      { reference = fm.tensor { { 0, 0, 1 }, { 0, 0, 0 } }, size = 200, middle = 90 })
  end },
  { "globe of a function", function() return plot.globe(function(x) return 1 / (height(x) - height(x):max()):lt(0) end, { cells = 8, size = 180 }) end },
  { "ranks", function() return plot.rank_histogram(ranks(), 9, { size = 90 }) end },
  { "ranks, all options", function()
    return plot.rank_histogram(ranks(), 9, { bins = 5, level = 0.5, names = { "a", "b" }, columns = 1, size = 80, title = "R", xlabel = "", ylabel = "s" })
  end },
  { "trajectories, all options", function()
    return plot.trajectories({ truth(), truth() + 0.25 }, { limits = box, size = 120, xlabel = "a", ylabel = "b", title = "T" })
  end },
  { "quiver, all options", function()
    return plot.quiver(slopes, { limits = wide_box, arrows = 3, size = 120, points = truth(), xlabel = "a", ylabel = "b", title = "Q" })
  end },
  { "densities, all options", function()
    return plot.densities({ slope, height }, { limits = wide_box, cells = 4, size = 100, xlabel = "a", ylabel = "b", title = "D", difference = true })
  end },
  { "torus, all options", function()
    return plot.torus(slope, { cells = 3, size = 100, xlabel = "a", ylabel = "b", title = "T", reference = truth() })
  end },
  { "globe, all options", function()
    return plot.globe(height, { cells = 9, size = 170, middle = -45, range = { -1, 2 }, label = "z", xlabel = "a", ylabel = "b", title = "G",
      names = { "m", "r" }, reference = fm.tensor { { 1, 0, 0 }, { 0, 1, 1 } } })
  end },
  { "globe of many cells", function() return plot.globe(height, { cells = 40, size = 150 }) end },
  { "globe, large", function() return plot.globe(fm.tensor { { 0, 0, -1 }, { 1, 1, 0 } }, { size = 300 }) end },
  { "a long name beside a low panel", function()
    return plot.curve({ { 1, 2 } }, { width = 120, height = 60, ylabel = "a name that is longer than the panel is high", title = "" })
  end },
  { "a legend of many rows", function()
    local list = {}
    for i, name in ipairs(repeated(11, "series")) do list[i] = { name = name, y = { i, i + 1 } } end
    return plot.curve(list, { width = 180, height = 80, xlabel = "an axis with a name that takes more than one line", ylabel = "high" })
  end },
}
