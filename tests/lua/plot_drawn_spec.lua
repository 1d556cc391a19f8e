-- Every plot of a few points as SVG, word for word, each beside its file: see drawn.lua. In double:
-- floats are rounded to other pixels here and there.
local drawn <const> = dofile "tests/lua/drawn.lua"
local files <const> = dofile "tests/whole_files.lua"
local fm <const> = require "fm"
local plot <const> = fm.plot

local nan <const> = 0 / 0
local cloud <const> = fm.tensor { { 0, 0 }, { 1, 0.5 }, { -0.5, 2 }, { 1.5, -1 }, { 0.25, 0.75 }, { nan, 1 } }
local truth <const> = fm.tensor { { 0.5, 0.5 }, { -1, 1 }, { 2, 0 } }
local states <const> = fm.tensor { { { 0, 0 }, { 1, 1 } }, { { 0.5, 0 }, { 1, 2 } }, { { 1, 0.5 }, { 0, 3 } } }

--- The SVG of a picture, a line for each of its shapes, its images by their size alone.
local function svg(picture)
  local path <const> = os.tmpname()
  assert(picture:save(path .. ".svg"))
  local text <const> = files.read(path .. ".svg"):gsub("base64,([^\"]*)", function(data) return ("%d bytes"):format(#data // 40 * 40) end)
  os.remove(path .. ".svg")
  os.remove(path)
  return text
end

local plots <const> = {
  scatter = { function() return plot.scatter(cloud) end,
    function() return plot.scatter(cloud, { reference = truth, names = { "mine", "theirs" }, title = "T", xlabel = "a", ylabel = "b", size = 200 }) end,
    function() return plot.scatter(cloud, { labels = { "one", "two", "three", "" }, limits = { -1, 2, -1, 1 }, size = 160 }) end,
    function() return plot.scatter(cloud, { labels = { "at", "here", at = truth }, xlabel = "", ylabel = "" }) end,
    function() return plot.scatter(cloud, { labels = { "alone" }, limits = { -1, 2, -2, 3 }, size = 150 }) end,
    function()
      local near <const>, words <const> = {}, {}
      for i = 1, 24 do near[i], words[i] = { i % 5 * 0.25, i // 5 * 0.25 }, ("a word %d"):format(i) end
      return plot.scatter(fm.tensor(near), { labels = words, size = 260, reference = truth })
    end },
  words = { function()
    local places <const>, words <const> = {}, {}
    for i = 1, 40 do places[i], words[i] = { i * 7 % 13 / 4, i * 5 % 17 / 4 }, ("w"):rep(i % 5 + 1) .. i end
    return plot.scatter(fm.tensor(places), { labels = words, size = 420 })
  end, function()
    local places <const>, words <const> = {}, {}
    for i = 1, 16 do places[i], words[i] = { i % 4 / 16 + i // 9, i // 4 / 32 }, "longer word " .. i end
    return plot.scatter(fm.tensor(places), { labels = words, size = 500, title = "crowded" })
  end, function()
    local x <const>, names <const> = {}, {}
    for i = 1, 12 do x[i], names[i] = i, "n" .. i end
    return plot.curve({ { name = "a", x = x, y = x, points = true, labels = names }, { name = "b", x = x, y = { 2, 2, 2, 2, 6, 6, 6, 6, 9, 9, 9, 9 },
      points = true, faint = true, labels = names } }, { width = 260, height = 180, xlabel = "a longer name of an axis that is cut somewhere",
      ylabel = "another name of an axis, longer than the panel is high" })
  end },
  curve = { function() return plot.curve { s = { 3, 1, 2 } } end,
    function() return plot.curve({ { name = "a", x = { 0, 1, 4 }, y = { 1, nan, 3 } }, { name = "b", x = { 0, 2 }, y = { 2, 2.5 }, points = true,
      labels = { "p", "q" } }, { name = "c", x = { 1, 3 }, y = { 3, 1 }, points = true, joined = true, faint = true } }, { title = "T", width = 300,
      height = 200 }) end,
    function() return plot.curve({ { name = "a", x = { 1, 10, 1000 }, y = { 0.001, 1, 0 } } }, { log = "xy", ylabel = "y", xlabel = "x" }) end,
    function() return plot.curve({ { name = "a", x = { 0, 5, 1e305 }, y = { 0, 1, 1 } } }, { limits = { 0, 10, 0, 2 } }) end,
    function() return plot.curve({ { name = "a", x = { 0, 5 }, y = { 1e305, -1e305 } } }, { limits = { 0, 10, -1e100, 1e100 } }) end,
    function() return plot.curve { { name = "one", x = { 3 }, y = { 1 } } } end,
    function() return plot.curve { { name = "low", x = { 1, 2 }, y = { 1, 5 } }, { name = "high", x = { 9, 10 }, y = { 9, nan } } } end,
    function() return plot.curve({ s = { 1, 10, 100 } }, { log = "y", limits = { 1, 3, 1, 100 } }) end },
  density = { function() return plot.density(cloud, { cells = 4, size = 100 }) end,
    function() return plot.density(function(p) return p[{ {}, 1 }] end, { cells = 6, limits = { 0, 2, 0, 1 }, size = 120, label = "height", title = "T" }) end,
    function() return plot.density(fm.tensor { { 0, 1, 2 }, { 3, 4, 5 } }, { limits = { 0, 3, 0, 2 } }) end,
    function() return plot.density(truth, { cells = 2, limits = { -2, 3, -1, 2 }, size = 110 }) end },
  densities = { function() return plot.densities({ cloud, truth }, { limits = { -2, 2, -2, 2 }, titles = { "one", "other" }, cells = 4, size = 100 }) end,
    function() return plot.densities({ truth, cloud }, { limits = { -2, 2, -1, 1 }, difference = true, cells = 4, size = 100, label = "l" }) end,
    function() return plot.densities({ fm.zeros(2, 3), fm.ones(2, 3) }, { limits = { 0, 3, 0, 2 }, difference = "less", title = "T" }) end },
  trajectories = { function() return plot.trajectories(states) end,
    function() return plot.trajectories({ cloud, cloud * 2 }, { title = "T", size = 200 }) end },
  quiver = { function() return plot.quiver(function(x, t) return x * t end, { limits = { -2, 2, -1, 1 }, t = 0.5, arrows = 4, size = 200 }) end,
    function() return plot.quiver(function(x) return x * 0 end, { limits = { -1, 1, -1, 1 }, arrows = 2, points = cloud, title = "T" }) end,
    function() return plot.quiver(truth, fm.tensor { { 1, 0 }, { 0, -2 }, { 0.01, 0 } }) end,
    function() return plot.quiver(truth, fm.tensor { { 1, 0 }, { 0, -2 }, { 0.01, 0 } }, { limits = { 0, 1, 1, 4 }, size = 120 }) end,
    function() return plot.quiver(function(x) return x end, { limits = { 1, 2, 3, 7 }, arrows = 5, size = 120 }) end },
  filmstrip = { function() return plot.filmstrip(states, { reference = truth, names = { "x", "y" }, columns = 2, size = 80 }) end,
    function() return plot.filmstrip({ cloud, cloud + 1 }, { titles = { "a", "b" }, classes = fm.tensor { 1, 2, 1, 2, 3, 1 }, title = "T" }) end },
  image_grid = { function() return plot.image_grid(fm.range(0, 11):reshape(3, 4) / 11, { columns = 2, labels = { "a", "a long label of it", 3 },
    scale = 4 }) end,
    function() return plot.image_grid(fm.zeros(5, 3, 2, 4), { range = { -1, 1 }, title = "T" }) end,
    function() return plot.image_grid(fm.zeros(2, 6), { height = 2, width = 3 }) end,
    function() return plot.image_grid(fm.zeros(7, 4), { title = "a title that is wider", xlabel = "x", ylabel = "y", columns = 9, labels = {
      "one", "", "a label in two", "four", 5, "", "a_very_long_word" }, scale = 3 }) end,
    function() return plot.image_grid(fm.zeros(12, 300), { height = 10, width = 30 }) end,
    function() return plot.image_grid(fm.zeros(3, 20), { height = 5, width = 4, labels = { ("long "):rep(30), "b", "c" } }) end },
  globe = { function() return plot.globe(fm.tensor { { 1, 0, 0 }, { 0, 2, 0 }, { 0, 0, -1 }, { 0, 0, 0 }, { -1, 0.5, 0.5 } }, { size = 200 }) end,
    function() return plot.globe(function(p) return p[{ {}, 3 }] end, { cells = 8, reference = fm.tensor { { 0, 1, 0 } }, middle = 90, label = "l", size = 200,
      range = { -1, 1 }, names = { "a", "b" } }) end },
  torus = { function() return plot.torus(cloud, { reference = truth * 4, size = 120 }) end,
    function() return plot.torus(function(p) return p[{ {}, 1 }] end, { cells = 6, label = "l", size = 120 }) end },
  rank_histogram = { function() return plot.rank_histogram(fm.tensor { { 0, 1 }, { 3, 3 }, { 2, 0 }, { 3, 1 } }, 3, { bins = 4 }) end,
    function() return plot.rank_histogram(fm.range(0, 19):reshape(20, 1), 19, { bins = 5, names = { "a" }, level = 0.5, title = "T", size = 200 }) end },
}

describe("drawn as SVG", function()
  for name, list in pairs(fm.real == "double" and plots or {}) do
    it(name, function()
      local parts <const> = {}
      for i, make in ipairs(list) do parts[i] = svg(make()) end
      drawn(("plot_%s.txt"):format(name), table.concat(parts, "\n") .. "\n", 0.03)
    end)
  end

  it("nothing is left out", function()
    local by_name <const>, missing = require "fm.parts.by_name", {}
    for _, name in ipairs(by_name.names "fm.plot") do
      if not plots[name] then missing[#missing + 1] = name end
    end
    assert.same({}, missing)
  end)
end)
