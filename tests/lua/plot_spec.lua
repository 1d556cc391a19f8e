local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local plot <const> = fm.plot
local ticks <const>, limits <const> = require "fm.plot.parts.ticks", require "fm.plot.parts.limits"

local raises <const> = checks.raises_text

describe("plot", function()
  local folder, before
  local rng <const> = fm.rng(5)
  local cloud <const> = rng:stream "cloud":normal(400, 2)
  local truth <const> = rng:stream "truth":normal(300, 2)
  local states <const> = rng:stream "states":normal(5, 60, 2)

  -- One picture of each kind.
  local samples <const> = {
    scatter = function() return plot.scatter(cloud, { reference = truth, title = "a title" }) end,
    density = function() return plot.density(cloud, { cells = 20 }) end,
    densities = function() return plot.densities({ cloud, truth }, { limits = { -3, 3, -3, 3 }, titles = { "one", "other" }, cells = 20 }) end,
    trajectories = function() return plot.trajectories(states) end,
    quiver = function() return plot.quiver(function(x, t) return x * t end, { limits = { -2, 2, -1, 1 }, t = 0.5, points = cloud }) end,
    image_grid = function() return plot.image_grid(rng:stream "images":uniform(10, 3 * 8 * 6), { channels = 3, height = 8, width = 6 }) end,
    curve = function() return plot.curve({ loss = { 3, 2, 1.5 }, floor = { { 1, 3 }, { 1, 1 } } }, { xlabel = "step", ylabel = "loss" }) end,
    filmstrip = function() return plot.filmstrip(states, { reference = truth }) end,
    globe = function() return plot.globe(function(p) return p:square():sum(2) end, { cells = 20, reference = rng:stream "globe":normal(9, 3) }) end,
    torus = function() return plot.torus(cloud, { reference = truth }) end,
    rank_histogram = function() return plot.rank_histogram(rng:stream "ranks":integers(60, 0, 19):reshape(30, 2), 19) end,
  }

  setup(function()
    for _, make in pairs(samples) do make() end
    folder = os.tmpname()
    os.remove(folder)
    assert(fm.file.mkdir_new(folder))
    collectgarbage() collectgarbage()
    before = fm.live_bytes()
  end)
  teardown(function()
    os.remove(folder .. "/p.png")
    os.remove(folder .. "/p.svg")
    assert(os.remove(folder)) -- fails when a temporary file was left behind
    collectgarbage() collectgarbage()
    assert.equal(before, fm.live_bytes())
  end)

  local function path(name) return folder .. "/" .. name end

  local function pixels(picture)
    assert.is_true(picture:save(path "p.png"))
    local image = assert(fm.png.load(path "p.png"))
    assert.same({ picture.height, picture.width, 3 }, image:shape())
    return image
  end

  local function svg(picture)
    assert.is_true(picture:save(path "p.svg"))
    local file = assert(io.open(path "p.svg"))
    local text = file:read "a"
    file:close()
    return text
  end

  local function count(text, part)
    return select(2, text:gsub(part, ""))
  end

  local function near(color, r, g, b)
    for i, v in ipairs { r, g, b } do
      if math.abs(color[i] * 255 - v) > 1.5 then return false end
    end
    return true
  end

  it("writes every kind, the same bytes each time, in both forms", function()
    for name, make in pairs(samples) do
      local image = pixels(make())
      assert.is_true(image:min():item() < 0.6 and image[1][1]:min():item() == 1, name)
      local hash = fm.file.hash_file(path "p.png")
      pixels(make())
      assert.equal(hash, fm.file.hash_file(path "p.png"), name)
      local text = svg(make())
      assert.equal(text, svg(make()), name)
      assert.matches("^<svg xmlns.*</svg>\n$", text)
      assert.equal(count(text, "<g[ >]"), count(text, "</g>"), name)
      assert.equal(count(text, "<text"), count(text, "</text>"), name)
      assert.is_nil(text:find "nan" or text:find "inf", name)
    end
  end)

  it("puts points where the axes say, x to the right and y up", function()
    local image = pixels(plot.scatter(fm.tensor { { 1, 1 } }, { limits = { -1, 3, -1, 3 }, size = 400 }))
    local found = {}
    for y, row in ipairs(image:totable()) do
      for x, color in ipairs(row) do
        if color[3] - color[1] > 0.3 then found[#found + 1] = { x, y } end
      end
    end
    local x, y = 0, 0
    for _, p in ipairs(found) do x, y = x + p[1] / #found, y + p[2] / #found end
    local text = svg(plot.scatter(fm.tensor { { 1, 1 } }, { limits = { -1, 3, -1, 3 }, size = 400 }))
    local cx, cy = text:match '<circle cx="([%d.]+)" cy="([%d.]+)"'
    assert.is_true(math.abs(cx + 0.5 - x) < 0.6 and math.abs(cy + 0.5 - y) < 0.6) -- both forms agree
    local zero_x = tonumber(text:match '<text x="([%d.]+)" [^>]*text%-anchor="middle"[^>]*>0</text>')
    local two_x = tonumber(text:match '<text x="([%d.]+)" [^>]*text%-anchor="middle"[^>]*>2</text>')
    assert.is_true(math.abs((zero_x + two_x) / 2 - cx) <= 1)
    local upper = svg(plot.scatter(fm.tensor { { 1, 2 } }, { limits = { -1, 3, -1, 3 }, size = 400 }))
    assert.is_true(tonumber(upper:match 'cy="([%d.]+)"') == cy - 100)
  end)

  it("keeps both axes of points on one scale", function()
    local _, height, box = require "fm.plot.parts.figure".equal({ 0, 4, 0, 2 }, 400)
    assert.equal(200, height)
    assert.same({ 0, 4, 0, 2 }, box)
    local width, low, wide = require "fm.plot.parts.figure".equal({ 0, 100, 0, 1 }, 400)
    assert.same({ 400, 160 }, { width, low }) -- a thin box gets room
    assert.equal(40, wide[4] - wide[3])
  end)

  it("draws every sample and the reference below", function()
    local text = svg(plot.scatter(cloud, { reference = truth }))
    assert.equal(400 + 300 + 2, count(text, "<circle")) -- and two in the legend
    assert.is_true(text:find(">reference<", 1, true) < text:find(">samples<", 1, true))
    assert.is_truthy(svg(plot.scatter(cloud, { reference = truth, names = { "model", "data" } })):find(">model<", 1, true))
  end)

  it("says what it does not show", function()
    local x = cloud:clone()
    x[1][1], x[2][1], x[3][2] = 1e6, -1e6, 0 / 0
    local text = svg(plot.scatter(x))
    assert.is_truthy(text:find("3 samples outside", 1, true))
    assert.is_nil(svg(plot.scatter(cloud)):find("outside", 1, true))
    assert.is_truthy(svg(plot.density(x)):find("3 samples outside", 1, true))
    assert.is_truthy(svg(plot.scatter(fm.full({ 4, 2 }, 0 / 0))):find("4 samples outside", 1, true))
  end)

  it("shows the tensor as it was", function()
    local x = fm.tensor { { 0, 0 }, { 1, 1 } }
    local picture = plot.scatter(x)
    local text = svg(picture)
    x:fill(7)
    assert.equal(text, svg(picture))
  end)

  it("works inside a tape and keeps nothing of it", function()
    local picture
    do
      local tape <close> = fm.record()
      local w = fm.parameter(fm.ones(2, 2))
      picture = plot.trajectories((states:reshape(-1, 2):matmul(w)):reshape(5, 60, 2))
      plot.quiver(function(x) return x:matmul(w) end, { limits = { -1, 1, -1, 1 } })
    end
    assert.is_true(pixels(picture):min():item() < 0.5)
  end)

  it("counts densities that sum to one, and draws the grid the right way up", function()
    local counts, inside = fm.picture.count(cloud, -9, -9, 9, 9, 30, 30)
    assert.equal(400, counts:sum():item())
    assert.equal(400, inside)
    local asked
    local function f(points)
      asked = points:shape()
      return points:slice { axis = 2, first = 2, last = 2 }:relu()
    end
    local picture = plot.density(f, { limits = { 0, 4, -1, 1 }, cells = 40, size = 200 })
    assert.same({ 40 * 20, 2 }, asked)
    local image = pixels(picture)
    local middle = 100
    local top, bottom = image[30]:totable()[middle], image[100]:totable()[middle]
    assert.is_true(top[1] + top[2] + top[3] < 1.2 and bottom[1] + bottom[2] + bottom[3] > 2.8)
    local grid = svg(plot.density(fm.tensor { { 0, 1, 2 }, { 3, 4, 5 } }, { limits = { 0, 3, 0, 2 }, title = "grid" }))
    assert.equal(2, count(grid, "data:image/png;base64,iVBOR"))
  end)

  it("puts densities side by side on one scale", function()
    local low, high = fm.full({ 3, 3 }, 1), fm.full({ 3, 3 }, 2)
    local o = { limits = { 0, 1, 0, 1 }, size = 100 }
    local left = pixels(plot.densities({ low * 0, high }, o))
    local alone = pixels(plot.densities({ low * 0, high, low }, o))
    local function color(image, x) return table.concat(image[70][x]:totable(), " ") end
    assert.equal(color(left, 60), color(alone, 60))
    assert.equal(color(left, 180), color(alone, 180))
    assert.is_true(color(left, 60) ~= color(left, 180) and color(alone, 300) ~= color(alone, 180))
    raises("plot.densities: limits are missing", plot.densities, { cloud })
    raises("plot.densities: expected 1 titles", plot.densities, { cloud }, { limits = { 0, 1, 0, 1 }, titles = { "a", "b" } })
    raises("plot.densities: expected a list of points, functions or grids, found userdata", plot.densities, cloud, o)
  end)

  it("has a color scale whose lightness falls in even steps", function()
    local rows = require "fm.plot.parts.colors".ramp():totable()
    local function lightness(c) -- CIE L*, from linear light
      local l = {}
      for i, v in ipairs(c) do l[i] = v <= 0.04045 and v / 12.92 or ((v + 0.055) / 1.055) ^ 2.4 end
      local y = 0.2126 * l[1] + 0.7152 * l[2] + 0.0722 * l[3]
      return 116 * y ^ (1 / 3) - 16
    end
    local whole = lightness(rows[1]) - lightness(rows[#rows])
    assert.is_true(whole > 70)
    for i = 2, #rows do
      local step = (lightness(rows[i - 1]) - lightness(rows[i])) * (#rows - 1) / whole
      assert.is_true(step > 0.6 and step < 1.4, ("step %d is %.2f of an even one"):format(i, step))
    end
  end)

  it("puts images side by side, planes and ranges as said", function()
    local x = fm.full({ 3, 3 * 4 }, -1)
    x[1] = fm.tensor { 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1 } -- red
    x[3] = fm.tensor { -1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1 } -- blue
    local image = pixels(plot.image_grid(x, { channels = 3, columns = 2, range = { -1, 1 }, scale = 5 }))
    assert.same({ 12 * 2 + 6 * 5, 12 * 2 + 6 * 5, 3 }, image:shape())
    local p = image:totable()
    assert.is_true(near(p[13][13], 255, 0, 0) and near(p[22][22], 255, 0, 0))
    assert.is_true(near(p[13][23], 255, 255, 255))
    assert.is_true(near(p[13][33], 0, 0, 0) and near(p[33][13], 0, 0, 255))
    assert.is_true(near(p[33][33], 255, 255, 255)) -- no fourth image
    local same = pixels(plot.image_grid(x:reshape(3, 3, 2, 2), { columns = 2, range = { -1, 1 }, scale = 5 }))
    assert.equal(0, (image - same):abs():max():item())
    local rows = fm.tensor { { 0, 0.2, 0.4, 0.6, 0.8, 1 } }
    local wide = pixels(plot.image_grid(rows, { height = 2, width = 3, scale = 1 }))
    assert.same({ 24 + 2, 24 + 3, 3 }, wide:shape())
    for i = 1, 2 do
      for j = 1, 3 do assert.is_true(math.abs(wide[12 + i][12 + j][1] - rows[1][3 * (i - 1) + j]) < 0.003) end
    end
    assert.same({ 24 + 28 * 6, 24 + 28 * 6, 3 }, pixels(plot.image_grid(fm.zeros(1, 784))):shape())
  end)

  it("reads series in every form and leaves gaps where numbers are missing", function()
    local forms = {
      { a = { 1, 4, 9 } }, { a = fm.tensor { 1, 4, 9 } }, { a = { { 1, 2, 3 }, { 1, 4, 9 } } }, { a = fm.tensor { { 1, 1 }, { 2, 4 }, { 3, 9 } } },
      { a = { x = { 1, 2, 3 }, y = fm.tensor { 1, 4, 9 } } }, { { name = "a", y = { 1, 4, 9 } } }, { a = { fm.tensor { 1, 2, 3 }, { 1, 4, 9 } } },
    }
    local first = svg(plot.curve(forms[1]))
    assert.equal(1, count(first, "<path"))
    for _, form in ipairs(forms) do assert.equal(first, svg(plot.curve(form))) end
    local gap = svg(plot.curve { a = { 1, 2, 0 / 0, 2, 1 } })
    assert.equal(2, count(gap:match '<path d="(.-)"', "M"))
    local log = svg(plot.curve({ a = { 1, 0.1, 0, -5, 0.01, 0.001 } }, { log = "y" }))
    assert.equal(2, count(log:match '<path d="(.-)"', "M"))
    for _, label in ipairs { ">0.001<", ">0.01<", ">0.1<", ">1<" } do assert.is_truthy(log:find(label, 1, true), label) end
    assert.equal(1, count(svg(plot.curve { a = { 5 } }), "<circle"))
    local labels = svg(plot.curve { { x = { 1, 2 }, y = { 1, 2 }, points = true, labels = { "<one>", "two & more" } } })
    assert.is_truthy(labels:find("&lt;one&gt;", 1, true) and labels:find("two &amp; more", 1, true))
    local joined = svg(plot.curve { { y = { 1, 3, 2 }, points = true, joined = true }, { y = { 2, 2, 2 }, points = true, faint = true } })
    assert.same({ 6, 1 }, { count(joined, "<circle"), count(joined, "<polyline") + count(joined, "<path") })
    assert.truthy(joined:find "0%.35")
    assert.is_true(pixels(plot.curve { a = { 1, 1, 1 } }):min():item() < 0.6)
  end)

  it("has ticks at 1, 2, 5 and powers of ten", function()
    local function labels(list)
      local texts = {}
      for _, tick in ipairs(list) do texts[#texts + 1] = tick.label end
      return table.concat(texts, " ")
    end
    local function linear(low, high, n) return labels(ticks.linear(low, high, ticks.step(low, high, n))) end
    assert.equal("0 2 4 6 8 10", linear(0, 10, 5))
    assert.equal("-1.0 -0.5 0 0.5 1.0", linear(-1.1, 1.2, 5))
    assert.equal("0 0.05 0.10", linear(0, 0.14, 4))
    assert.equal("1000 1500 2000", linear(900, 2100, 4))
    assert.equal("0 1e6 2e6", linear(0, 2.4e6, 3))
    assert.equal("0 2e-7 4e-7", linear(0, 5e-7, 3))
    assert.equal("0.001 0.01 0.1 1 10", labels(ticks.logarithmic(-3, 1, 8)))
    assert.equal("1e-6 1e-4 0.01 1", labels(ticks.logarithmic(-6, 1, 4)))
    assert.equal("1 2 5 10", labels(ticks.logarithmic(-0.1, 1.1, 8)))
    assert.equal("2 3 4", labels(ticks.logarithmic(0.25, 0.65, 8)))
    assert.equal("2.1 2.2 2.3", labels(ticks.logarithmic(math.log(2.05, 10), math.log(2.35, 10), 4)))
  end)

  it("finds limits around points, and something to see around one", function()
    local box = limits.around { fm.tensor { { 0, 0 }, { 10, 5 } } }
    assert.is_true(box[1] < 0 and box[1] > -1 and box[2] > 10 and box[2] < 11 and box[4] < 6)
    box = limits.around { fm.tensor { { 3, 3 } } }
    assert.is_true(box[1] <= 2.5 and box[2] >= 3.5)
    assert.same({ 0, 1, 0, 1 }, limits.around { fm.full({ 2, 2 }, 1 / 0) })
    assert.is_true(limits.around { fm.full({ 2, 2 }, 1e30) }[2] > 1e30)
  end)

  it("survives extreme numbers", function()
    for _, v in ipairs { 1e-30, 1e30, 3e38, 0, -1e5 } do
      pixels(plot.scatter(fm.tensor { { v, v }, { -v, v / 2 }, { v * 1.001, 1 } }))
      pixels(plot.curve { a = { v, -v, v * 1.0001 } })
      pixels(plot.density(fm.tensor { { v, v }, { 0, 1 }, { v, 2 } }))
    end
    pixels(plot.quiver(function(x) return x * 0 end, { limits = { -1, 1, -1, 1 } }))
    pixels(plot.quiver(function(x) return x * (0 / 0) end, { limits = { -1, 1, -1, 1 } }))
    pixels(plot.quiver(cloud, cloud * 3))
    pixels(plot.scatter(cloud, { title = "caf\u{e9} \xff \0 <&>" }))
    assert.is_truthy(svg(plot.scatter(cloud, { title = "\xff\1<" })):find(">??&lt;<", 1, true))
  end)

  it("answers what the world does wrong with nil and a message", function()
    for _, ending in ipairs { "png", "svg" } do
      local ok, message = plot.scatter(cloud):save(path("no/p." .. ending))
      assert.is_nil(ok)
      assert.is_truthy(message:find("no/p." .. ending, 1, true))
    end
  end)

  it("refuses misuse in words", function()
    raises('plot.scatter: unknown option "referense"; did you mean "reference"', plot.scatter, cloud, { referense = truth })
    raises("plot.scatter: expected points [n, 2], found [10, 3]", plot.scatter, fm.zeros(10, 3))
    raises("plot.scatter: expected points [n, 2], found [0, 2]", plot.scatter, fm.zeros(0, 2))
    raises("plot.scatter: expected points [n, 2], found a nil", plot.scatter)
    raises("plot.scatter: reference: expected points [n, 2], found [300]", plot.scatter, cloud, { reference = fm.zeros(300) })
    raises("limits are four numbers", plot.scatter, cloud, { limits = { 0, 1, 2 } })
    raises("limits are four numbers", plot.scatter, cloud, { limits = { 0, 1, 2, 2 } })
    raises("limits are four numbers", plot.scatter, cloud, { limits = { 0, 1, 0, 1e300 } })
    raises("plot.scatter: size: expected a whole number", plot.scatter, cloud, { size = 1.5 })
    raises("plot.scatter: title: expected a string, found a table", plot.scatter, cloud, { title = {} })
    raises("plot.scatter: names", plot.scatter, cloud, { names = "x" })
    raises("plot.trajectories: time 2 has 3 points, time 1 has 2", plot.trajectories, { fm.zeros(2, 2), fm.zeros(3, 2) })
    raises("plot.trajectories: expected states [T, B, 2], found [5, 2]", plot.trajectories, fm.zeros(5, 2))
    raises("plot.filmstrip: expected 5 titles, found 2", plot.filmstrip, states, { titles = { "a", "b" } })
    raises("plot.filmstrip: expected at least one time", plot.filmstrip, {})
    raises("plot.density: a function needs limits", plot.density, function() end)
    raises("plot.density: the function must return [", plot.density, function() return fm.zeros(3) end, { limits = { 0, 1, 0, 1 } })
    raises("plot.density: expected points, a grid or a function, found a string", plot.density, "x")
    raises("plot.density: a grid needs limits", plot.density, fm.zeros(3, 3))
    raises("plot.quiver: a field needs limits", plot.quiver, function(x) return x end)
    raises("plot.quiver: the field must return velocities [", plot.quiver, function() return fm.zeros(3) end, { limits = { 0, 1, 0, 1 } })
    raises("1 channels of 3x4 are 12 numbers, but a row has 10", plot.image_grid, fm.zeros(2, 10), { height = 3, width = 4 })
    raises("channels are 1 (gray) or 3 (color), found 2", plot.image_grid, fm.zeros(2, 8), { channels = 2 })
    raises("plot.image_grid: height is 5, but the images are [2, 1, 4, 4]", plot.image_grid, fm.zeros(2, 1, 4, 4), { height = 5 })
    raises("plot.image_grid: range is two numbers", plot.image_grid, fm.zeros(2, 4), { range = { 1, 0 } })
    raises("plot.image_grid: there is nothing in [0, 4]", plot.image_grid, fm.zeros(0, 4))
    raises("plot.curve: a: 3 x and 2 y", plot.curve, { a = { { 1, 2, 3 }, { 1, 2 } } })
    raises('plot.curve: series 1: unknown option "nam"; did you mean "name"', plot.curve, { { nam = "a", y = { 1 } } })
    raises("plot.curve: series 1: y is missing", plot.curve, { { name = "a" } })
    raises("plot.curve: expected at least one series", plot.curve, {})
    raises("plot.curve: a: y: entry 2 is not a number", plot.curve, { a = { 1, "x" } })
    raises("plot.curve: a: y: entry 2 is not a number", plot.curve, { a = { 1, nil, 3 } })
    raises("plot.curve: log: unknown name", plot.curve, { a = { 1 } }, { log = "z" })
    raises("limits of a logarithmic axis must be positive", plot.curve, { a = { 1 } }, { log = "y", limits = { 0, 1, 0, 1 } })
    raises("picture:save: expected a path that ends in .png or .svg, found p.jpg", function() plot.scatter(cloud):save "p.jpg" end)
    raises("NUL", function() plot.scatter(cloud):save "a\0b.png" end)
    raises("out of range", function() plot.image_grid(fm.zeros(1, 64), { scale = 4000 }):save(path "p.png") end)
    raises('fm.plot has no "scater"; did you mean "scatter"?', function() return plot.scater end)
    raises('fm.plot has no "ticks"', function() return plot.ticks end) -- what plots share cannot be named
    raises('fm.plot has no "no_such_plot"', function() return plot.no_such_plot end)
  end)

  it("guards the canvas itself", function()
    local canvas <close> = fm.picture.canvas(20, 20, 0xFFFFFF)
    raises("points are [n, 2], found [3]", canvas.discs, canvas, fm.zeros(3), 0, 1, 0, 1, 1, 0)
    raises("an image is [H, W] or [H, W, 1..4], found [2, 2, 5]", canvas.image, canvas, fm.zeros(2, 2, 5), 0, 0, 5, 5)
    raises("color", canvas.rectangle, canvas, 0, 0, 1, 1, 0x1000000)
    raises("alpha", canvas.rectangle, canvas, 0, 0, 1, 1, 0, 2)
    raises("alpha", canvas.rectangle, canvas, 0, 0, 1, 1, 0, 0 / 0)
    raises("canvas:clip: argument 1: expected a number, found nan", canvas.clip, canvas, 0 / 0, 0, 1, 1)
    raises("canvas:clip: expected a canvas before the colon", canvas.clip, fm.zeros(1))
    canvas:lines(fm.zeros(0, 2), 0, 1, 0, 1, 1, 0)
    canvas:lines(fm.zeros(3, 0, 2), 0, 1, 0, 1, 1, 0)
    canvas:discs(fm.full({ 1, 2 }, 1e30), 0, 1e300, 0, 1, 1e9, 0)
    canvas:text("x", 1e300, 0 / 0, 1e9, 0.5, false, 0)
    canvas:close()
    raises("this canvas was closed", canvas.save, canvas, path "p.png")
    raises("out of range", fm.picture.canvas, 16384, 16384, 0)
  end)

  describe("of numbers at the ends of what a double holds", function()
    local extremes <const> = dofile "tests/lua/extremes.lua"

    -- Both kinds of files, with no place that is no number, and in no long time.
    local function fine(what, make)
      local began = fm.system.seconds()
      local picture = make()
      local text = svg(picture)
      for _, wrong in ipairs { '"[^"]*%f[%a]nan%f[%A][^"]*"', '"[^"]*%f[%a]inf%f[%A][^"]*"', '"%-?%d%d%d%d%d%d%d%d%d[^"]*"' } do
        assert.is_nil(text:gsub("base64,[^\"]*", ""):match(wrong), what)
      end
      assert.is_true(picture:save(path "p.png"))
      assert.truthy(fm.system.seconds() - began < 5, what)
    end

    for name, value in pairs(extremes) do
      local y, points = {}, {}
      for step = 1, 40 do y[step], points[step] = value(step), { value(step), value(step + 1) } end

      it("curve: " .. name, function()
        for _, log in ipairs { "none", "x", "y", "xy" } do
          local options = { log = log ~= "none" and log or nil }
          fine(log, function() return plot.curve({ { y = y }, { x = y, y = y, points = true, labels = y } }, options) end)
          fine(log, function() return plot.curve({ { x = { y[1] }, y = { y[2] } } }, options) end)
        end
      end)

      it("points: " .. name, function()
        local cloud = fm.tensor(points)
        fine("scatter", function() return plot.scatter(cloud, { reference = cloud }) end)
        fine("density", function() return plot.density(cloud, { cells = 20 }) end)
        fine("trajectories", function() return plot.trajectories(cloud:reshape(4, 10, 2), { size = 100 }) end)
        fine("filmstrip", function() return plot.filmstrip(cloud:reshape(4, 10, 2)) end)
        fine("quiver", function() return plot.quiver(cloud, cloud, { size = 100 }) end)
        fine("values", function() return plot.density(cloud:reshape(8, 10), { limits = { 0, 1, 0, 1 }, size = 100 }) end)
        fine("globe", function() return plot.globe(cloud:reshape(-1)[{ 1, 78 }]:reshape(26, 3), { size = 100 }) end)
        fine("torus", function() return plot.torus(cloud, { size = 100 }) end)
        fine("image_grid", function() return plot.image_grid(cloud:reshape(5, 16)) end)
      end)
    end

    it("axes of any limits end", function()
      local ends = { -1e100, math.mininteger, -1e17, -1, -1e-289, 0, 1e-289, 1, 1 + 2.3e-16, 1e17, 1e17 + 16, math.maxinteger, 1e100 }
      for i, low in ipairs(ends) do
        for k = i + 1, #ends do
          fine(("%g %g"):format(low, ends[k]), function() return plot.curve({ { 1, 2 } }, { limits = { low, ends[k], low, ends[k] } }) end)
          fine(("%g %g"):format(low, ends[k]), function() return plot.scatter(cloud, { limits = { low, ends[k], low, ends[k] }, size = 100 }) end)
        end
      end
    end)

    it("limits next to each other are refused", function()
      raises("plot.scatter: limits are closer to each other than 1e-290", plot.scatter, cloud, { limits = { 0, 5e-324, 0, 1 } })
    end)

    it("ticks say the numbers", function()
      local function labels(list)
        local texts = {}
        for _, tick in ipairs(list) do texts[#texts + 1] = tick.label end
        return table.concat(texts, " ")
      end
      local low, high = limits.widen(-0.8, 0.8, 0)
      assert.equal("-5e307 0 5e307", labels(ticks.linear(low, high, ticks.step(low, high, 4), 1e308)))
      assert.equal("0 1e-310 2e-310", labels(ticks.linear(0, 2, 1, 1e-310)))
      assert.equal("-4e307 -2e307 0 2e307 4e307", labels(ticks.linear(-5e307, 5e307, ticks.step(-5e307, 5e307, 5))))
      for unit, list in pairs { [1e10] = { { -1e308, 1 } }, [1] = { { -1e300, 1e300 }, { 1e-310, 1e-310 }, { 0, 0 } }, [1e-300] = { { 0, 1e-310 } } } do
        for _, range in ipairs(list) do assert.equal(unit, limits.unit(range[1], range[2])) end
      end
    end)
  end)
end)
