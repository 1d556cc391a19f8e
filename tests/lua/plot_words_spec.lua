-- The words of pictures: titles, names of axes, labels. Boxes of all texts are read from the SVG
-- file: none may meet another or leave the picture.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local plot <const> = fm.plot

local raises <const> = checks.raises_text

describe("words of plots", function()
  local path, before
  local rng <const> = fm.rng(11)
  local cloud <const>, truth <const> = rng:stream "cloud":normal(200, 2), rng:stream "truth":normal(150, 2)
  local states <const> = rng:stream "states":normal(4, 30, 2)

  setup(function()
    path = os.tmpname()
    collectgarbage() collectgarbage()
    before = fm.live_bytes()
  end)
  teardown(function()
    for _, ending in ipairs { "", ".svg", ".png" } do os.remove(path .. ending) end
    collectgarbage() collectgarbage()
    assert.equal(before, fm.live_bytes())
  end)

  local function svg(picture)
    assert.is_true(picture:save(path .. ".svg"))
    local file <close> = assert(io.open(path .. ".svg"))
    return file:read "a"
  end

  local function pixels(picture)
    assert.is_true(picture:save(path .. ".png"))
    return assert(fm.png.load(path .. ".png"))
  end

  --- Every text of a picture: {text, left, top, right, bottom}.
  local function boxes(text)
    local list = {}
    for attributes, words in text:gmatch "<text (.-)>(.-)</text>" do
      words = words:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&amp;", "&")
      local function number(name) return tonumber(attributes:match(" ?" .. name .. '="([%d.-]+)"')) end
      local x, y, size = number "x", number "y", number "font%-size"
      local anchor = ({ start = 0, middle = 0.5, ["end"] = 1 })[attributes:match 'text%-anchor="(%a+)"']
      local width, up, down = fm.picture.text_width(words, size), 0.72 * size, 0.2 * size
      local before_x = anchor * width
      if attributes:find("rotate", 1, true) then
        list[#list + 1] = { words, x - up, y + before_x - width, x + down, y + before_x, upwards = true }
      else
        list[#list + 1] = { words, x - before_x, y - up, x - before_x + width, y + down }
      end
    end
    return list
  end

  --- Returns the boxes after a look that none meets another and all lie within the picture.
  local function apart(what, picture)
    local text = svg(picture)
    local width, height = text:match 'width="(%d+)" height="(%d+)"'
    local list = boxes(text)
    for i, a in ipairs(list) do
      assert.is_true(a[2] >= 0 and a[3] >= 0 and a[4] <= tonumber(width) and a[5] <= tonumber(height),
        ("%s: %q leaves the picture: %.1f %.1f %.1f %.1f in %sx%s"):format(what, a[1], a[2], a[3], a[4], a[5], width, height))
      for k = i + 1, #list do
        local b = list[k]
        assert.is_false(a[2] < b[4] and b[2] < a[4] and a[3] < b[5] and b[3] < a[5], ("%s: %q meets %q"):format(what, a[1], b[1]))
      end
    end
    return list
  end

  local function has(list, words)
    for _, box in ipairs(list) do
      if box[1] == words then return box end
    end
    return nil
  end

  -- One picture of each kind with these options; `curve` goes over steps.
  local makes <const> = {
    scatter = function(o) return plot.scatter(cloud, o) end,
    density = function(o) return plot.density(cloud, o) end,
    densities = function(o)
      o.limits = { -3, 3, -3, 3 }
      return plot.densities({ cloud, truth }, o)
    end,
    trajectories = function(o) return plot.trajectories(states, o) end,
    quiver = function(o)
      o.limits = { -2, 2, -1, 1 }
      return plot.quiver(function(x, t) return x * t end, o)
    end,
    image_grid = function(o) return plot.image_grid(fm.zeros(6, 64), o) end,
    curve = function(o) return plot.curve({ loss = { 3, 2, 1.5 } }, o) end,
    filmstrip = function(o) return plot.filmstrip(states, o) end,
    globe = function(o)
      o.reference = fm.ones(2, 3)
      return plot.globe(function(p) return p:sum(2) end, o)
    end,
    torus = function(o) return plot.torus(cloud, o) end,
    rank_histogram = function(o) return plot.rank_histogram(rng:integers(60, 0, 19):reshape(30, 2), 19, o) end,
  }

  it("every plot takes a title and names of its axes", function()
    for name, make in pairs(makes) do
      local list = apart(name, make { title = "The title", xlabel = "to the right", ylabel = "upwards" })
      assert.truthy(has(list, "The title") and has(list, "to the right"), name)
      assert.is_true(has(list, "upwards").upwards, name)
      for _, option in ipairs { "title", "xlabel", "ylabel" } do
        raises(("plot.%s: %s: expected a string, found a number"):format(name, option), make, { [option] = 3 })
      end
      raises(('plot.%s: unknown option "titel"; did you mean "title"?'):format(name), make, { titel = "x" })
      raises(('plot.%s: unknown option "xlable"; did you mean "xlabel"?'):format(name), make, { xlable = "x" })
    end
  end)

  it("names axes and titles by default where they have a meaning, and an empty text is none", function()
    local names <const> = { scatter = true, density = true, densities = true, trajectories = true, quiver = true, filmstrip = true, torus = true }
    for name, make in pairs(makes) do
      local list = boxes(svg(make {}))
      assert.equal(names[name], has(list, "x1") and has(list, "x2") and true, name)
      list = boxes(svg(make { title = "", xlabel = "", ylabel = "" }))
      assert.is_nil(has(list, "x1") or has(list, "x2") or has(list, "step") or has(list, ""), name)
    end
    local loss = boxes(svg(plot.curve { loss = { 3, 2, 1 } }))
    assert.truthy(has(loss, "step") and has(loss, "loss").upwards)
    assert.truthy(has(boxes(svg(plot.curve({ loss = { 3, 2, 1 } }, { ylabel = "nats" }))), "loss")) -- in the legend then
    local two = boxes(svg(plot.curve { loss = { 3, 2, 1 }, floor = { { 1, 3 }, { 1, 1 } } }))
    assert.truthy(has(two, "step") and has(two, "loss") and not has(two, "loss").upwards)
    local free = boxes(svg(plot.curve { { x = { 1, 10, 100 }, y = { 1, 2, 3 } } }))
    assert.is_nil(has(free, "step"))
    assert.truthy(has(boxes(svg(makes.quiver { t = 0.25 })), "velocity at t = 0.25"))
    assert.is_nil(svg(plot.quiver(cloud, cloud)):find("velocity", 1, true))
    assert.truthy(has(boxes(svg(makes.density {})), "density") and has(boxes(svg(makes.densities {})), "density"))
  end)

  it("labels do not meet at any size, whatever the words", function()
    local long <const>, word <const> = ("several words make it long "):rep(12), ("w"):rep(300)
    for name, make in pairs(makes) do
      for _, size in ipairs(name == "curve" and { 100, 160, 560, 2000 } or name == "image_grid" and { 1, 3, 40 } or { 100, 170, 480, 1500 }) do
        for i, o in ipairs { {}, { title = long, xlabel = long, ylabel = long }, { title = word, xlabel = word, ylabel = word },
          { title = "a\nb\n\nc\nd", xlabel = "a\nb", ylabel = "\n" } } do
          if name == "curve" then o.width, o.height = size, math.max(60, size // 2) elseif name == "image_grid" then o.scale = size else o.size = size end
          apart(("%s %d, words %d"):format(name, size, i), make(o))
        end
      end
    end
  end)

  it("labels of axes do not meet for any numbers, linear or logarithmic", function()
    local ranges <const> = { { 0, 1 }, { -1e-9, 1e-9 }, { 1e6, 1000010 }, { 16777216, 16777220 }, { 1, 1 + 1e-12 }, { 1e-200, 1e-199 }, { -1e15, 1e15 },
      { 0.1, 0.100001 }, { 2, 9 }, { 3, 4 }, { 0.001, 12345 }, { 1e-30, 1e30 }, { 99, 101 }, { 123456.7, 123456.8 }, { 1e-7, 0.5 } }
    for _, r in ipairs(ranges) do
      for _, side in ipairs { 100, 150, 300, 900 } do
        for _, log in ipairs { "none", "x", "y", "xy" } do
          if log == "none" or r[1] > 0 then
            local o = { limits = { r[1], r[2], r[1], r[2] }, width = side, height = math.max(60, side // 3), log = log ~= "none" and log or nil }
            local list = apart(("%g..%g, %d, %s"):format(r[1], r[2], side, log), plot.curve({ { x = { r[1], r[2] }, y = { r[1], r[2] } } }, o))
            assert.is_true(#list >= 2) -- something on each axis
          end
        end
      end
      apart(("points %g..%g"):format(r[1], r[2]), plot.scatter(cloud, { limits = { r[1], r[2], r[1], r[2] }, size = 100 }))
      apart(("strip %g..%g"):format(r[1], r[2]), plot.filmstrip(states, { limits = { r[1], r[2], r[1], r[2] }, size = 90 }))
      apart(("heat %g..%g"):format(r[1], r[2]), plot.density(fm.tensor { { r[1], r[2], r[1] } }, { limits = { 0, 1, 0, 1 }, size = 100 }))
    end
  end)

  it("labels of an axis tell its numbers apart", function()
    local ticks <const> = require "fm.plot.parts.ticks"
    local function labels(low, high, count)
      local texts = {}
      for _, tick in ipairs(ticks.linear(low, high, ticks.step(low, high, count))) do texts[#texts + 1] = tick.label end
      return table.concat(texts, " ")
    end
    assert.equal("1000000 1000005 1000010", labels(1e6, 1000010, 2))
    assert.equal("0.9999998 0.9999999 1", labels(0.99999979, 1.00000001, 3))
    assert.equal("1.2e7 1.4e7 1.6e7", labels(1.2e7, 1.6e7, 2))
    for _, size in ipairs { 60, 100, 250, 480 } do -- and at least two of them
      local list = ticks.fitting { low = -3.1, high = 3.2, length = size, count = math.max(2, size // 52), overhang = 5,
        size_of = function(label) return 7 * #label + 10 end }
      local count = 0
      for _, tick in ipairs(list) do count = count + (tick.label and 1 or 0) end
      assert.is_true(count >= 2, size)
    end
  end)

  it("a legend stands above the panel and its long names are cut", function()
    local names = {}
    for i = 1, 25 do names[i] = { name = ("series %d "):format(i):rep(i % 5 * 4 + 1), y = { i, i + 1 } } end
    local picture = plot.curve(names)
    local list = apart("legend", picture)
    local found = 0
    for _, box in ipairs(list) do found = found + (box[1]:find "^series" and 1 or 0) end
    assert.equal(25, found)
    local seen, colors = {}, require "fm.plot.parts.colors"
    for i = 1, 24 do
      assert.is_nil(seen[colors.of(i)])
      seen[colors.of(i)] = i
    end
  end)

  it("words stand at the points of a scatter plot, apart from each other", function()
    local words = {}
    for i = 1, 40 do words[i] = "word " .. i end
    local list = apart("words", plot.scatter(cloud[{ 1, 40 }], { labels = words }))
    local shown, left_out = 0, 0
    for _, box in ipairs(list) do
      if box[1]:find "^word %d" then shown = shown + 1 end
      left_out = left_out + (math.tointeger(box[1]:match "^(%d+) words? without room$") or 0)
    end
    assert.equal(40, shown + left_out)
    assert.is_true(shown > 25 and has(list, "word 1") ~= nil)

    local one = svg(plot.scatter(fm.tensor { { 1, 2 } }, { labels = { "here" } }))
    local here = has(boxes(one), "here")
    local cx, cy = tonumber(one:match 'cx="([%d.]+)"'), tonumber(one:match 'cy="([%d.]+)"')
    assert.is_true(here[2] > cx and here[2] < cx + 15 and here[3] < cy and here[5] > cy) -- at the right of its point

    local at = svg(plot.scatter(cloud, { reference = truth, labels = { "a", "", 3, 4.0, at = fm.tensor { { 9, 9 }, { 0, 0 }, { 1, 1 }, { 5, 5 } } } }))
    list = boxes(at)
    assert.truthy(has(list, "a") and has(list, "3") and has(list, "4")) -- and the panel reaches as far as they do
    assert.equal(200 + 150 + 4 + 2, select(2, at:gsub("<circle", "")))

    local same = {}
    for i = 1, 60 do same[i] = "together" .. i end
    list = apart("one place", plot.scatter(fm.zeros(60, 2), { labels = same }))
    local said = false
    for _, box in ipairs(list) do said = said or box[1]:find "^%d+ words without room$" ~= nil end
    assert.is_true(said and has(list, "together1") ~= nil)

    local gone = svg(plot.scatter(fm.full({ 3, 2 }, 0 / 0), { labels = { "x", "y", "z" } })) -- nowhere
    assert.is_nil(gone:find(">y<", 1, true))
    apart("cut", plot.scatter(cloud, { labels = { ("long "):rep(100) }, size = 100 }))
    assert.equal(svg(plot.scatter(cloud)), svg(plot.scatter(cloud, { labels = {} })))
    apart("a tensor", plot.scatter(cloud, { labels = fm.range(1, 10) }))
  end)

  it("a word goes elsewhere when another one has room only where it stands", function()
    local labels <const> = require "fm.plot.parts.labels"
    local drawn = {}
    local on = { lines = function() end, rectangle = function() end, text = function(_, text) drawn[#drawn + 1] = text end }
    for _, places in ipairs { { { 1, 8 }, { 91, 19 } }, { { 100, 2 }, { 152, 22 } } } do
      local room = labels.room { x = 0, y = 0, width = 165, height = 30 }
      for _, p in ipairs(places) do room:take_disc(p[1], p[2], 4) end
      assert.equal(0, labels.draw(on, room, places, { "first word", "other word" }, 0))
    end
    assert.same({ "first word", "other word", "first word", "other word" }, drawn)
    local room = labels.room { x = 0, y = 0, width = 160, height = 16 } -- no room for two
    assert.equal(1, labels.draw(on, room, { { 5, 8 }, { 5, 8 } }, { "first word", "other word" }, 0))
    assert.equal("first word", drawn[#drawn])
  end)

  it("texts of SVG are as wide as those of PNG whatever the font", function()
    local text = svg(plot.curve({ loss = { 3, 2 } }, { title = "a title of some length" }))
    local length = text:match 'textLength="([%d.]+)"[^>]*>a title of some length<'
    assert.is_true(math.abs(tonumber(length) - fm.picture.text_width("a title of some length", 15)) < 0.01)
  end)

  it("labels of scatter say what they want", function()
    raises("plot.scatter: labels: expected at most 1 texts, found 2", plot.scatter, fm.ones(1, 2), { labels = { "a", "b" } })
    raises("plot.scatter: labels: entry 2: expected a text or a number, found a table", plot.scatter, cloud, { labels = { "a", {} } })
    raises("plot.scatter: labels: expected a list of texts or numbers [n], found a string", plot.scatter, cloud, { labels = "a" })
    raises("plot.scatter: labels: expected a list of texts or numbers [n], found [2, 2]", plot.scatter, cloud, { labels = fm.ones(2, 2) })
    raises('plot.scatter: labels: unknown option "att"; did you mean "at"?', plot.scatter, cloud, { labels = { "a", att = cloud } })
    raises("plot.scatter: labels: at: expected points [n, 2], found [3]", plot.scatter, cloud, { labels = { "a", at = fm.ones(3) } })
    raises('plot.scatter: unknown option "lables"; did you mean "labels"?', plot.scatter, cloud, { lables = {} })
    raises("plot.scatter: reference: expected points [n, 2], found a boolean", plot.scatter, cloud, { reference = false })
  end)

  it("labels at points of a curve keep away from points and each other; what stands out comes first", function()
    local x, y, names = {}, {}, {}
    for i = 1, 30 do x[i], y[i], names[i] = i, 1 + i % 3 / 10, "rk45 1e-" .. i end
    local list = apart("curve", plot.curve({ { x = x, y = y, points = true, faint = true, labels = names },
      { x = { 15.5 }, y = { 1.1 }, points = true, labels = { "best" } } }, { log = "x", xlabel = "calls", ylabel = "W2" }))
    assert.truthy(has(list, "best"))
    assert.is_true(#list > 20)
    raises("plot.curve: series 1: expected 2 labels, found 1", plot.curve, { { y = { 1, 2 }, labels = { "a" } } })
    raises("plot.curve: series 1: labels: entry 1: expected a text or a number, found a boolean", plot.curve, { { y = { 1 }, labels = { true } } })
    raises("plot.curve: series 1: faint: expected true or false", plot.curve, { { y = { 1 }, faint = 1 } })
    raises("plot.curve: series 1: name: expected a text, found a table", plot.curve, { { y = { 1 }, name = {} } })
  end)

  it("writes a label under each image, within its width", function()
    local x = fm.zeros(7, 3, 8, 8)
    local list = apart("images", plot.image_grid(x, { labels = { "cat", "dog", "automobile", "a class of several words", "", 6, "7" }, columns = 3,
      scale = 5, title = "Classes", xlabel = "below", ylabel = "beside" }))
    assert.truthy(has(list, "cat") and has(list, "dog") and has(list, "6") and has(list, "7"))
    for _, box in ipairs(list) do
      if not has({ box }, "Classes") and not box.upwards and box[1] ~= "below" then assert.is_true(box[4] - box[2] <= 40, box[1]) end
    end
    assert.is_nil(has(list, "automobile")) -- cut
    assert.is_true(has(list, "cat")[3] < has(list, "6")[3] and has(list, "cat")[2] < has(list, "dog")[2])
    local tensor = boxes(svg(plot.image_grid(x, { labels = fm.tensor { 1, 2, 3, 4, 5, 6, 7 } })))
    assert.truthy(has(tensor, "1") and has(tensor, "7"))
    assert.truthy(has(boxes(svg(plot.image_grid(fm.zeros(2, 196), { labels = { "automobile", "b" } }))), "automobile")) -- larger by itself
    apart("one image, one class", plot.image_grid(fm.zeros(1, 16), { labels = { "one" } }))
    apart("tiny", plot.image_grid(fm.zeros(4, 4), { labels = { "one", "two", "three", "four" }, scale = 1 }))
    local same = plot.image_grid(x, { scale = 2 })
    assert.same({ same.width, same.height }, { plot.image_grid(x, { scale = 2, labels = nil }).width, same.height })
    raises("plot.image_grid: labels: expected 7, one for each image, found 2", plot.image_grid, x, { labels = { "a", "b" } })
    raises("plot.image_grid: labels: expected a list of texts or numbers [n], found a number", plot.image_grid, x, { labels = 3 })
  end)

  it("images keep their pixels with labels below", function()
    local x = rng:stream "pictures":uniform(4, 16)
    local plain, labelled = pixels(plot.image_grid(x, { scale = 3 })), pixels(plot.image_grid(x, { scale = 3, labels = { "", "", "", "" } }))
    local function part(image, top) return image:slice(1, top, top + 11):slice(2, 13, 13 + 29) end
    assert.equal(0, (part(plain, 13) - part(labelled, 13)):abs():max():item())
    assert.equal(0, (part(plain, 13 + 18) - part(labelled, 13 + 20)):abs():max():item())
  end)

  it("a panel shows what the second density has more than the first, with its own scale", function()
    local o <const> = { limits = { 0, 1, 0, 1 }, size = 120, difference = true, titles = { "truth", "model" } }
    local low, high = fm.tensor { { 0, 1, 2 }, { 3, 4, 5 } }, fm.tensor { { 0, 2, 0 }, { 3, 4, 5 } }
    local list = apart("difference", plot.densities({ low, high }, o))
    assert.truthy(has(list, "truth") and has(list, "model") and has(list, "model - truth") and has(list, "difference").upwards)
    assert.truthy(has(list, "-2") and has(list, "2")) -- the scale is the same on both sides of zero
    local image = pixels(plot.densities({ low, high }, o)):totable()
    local colors = {}
    for _, row in ipairs(image) do
      for _, c in ipairs(row) do colors[("%.2f %.2f %.2f"):format(c[1], c[2], c[3])] = c end
    end
    local red, blue = false, false
    for _, c in pairs(colors) do red, blue = red or c[1] > c[3] + 0.4, blue or c[3] > c[1] + 0.4 end
    assert.is_true(red and blue)

    local equal = apart("equal", plot.densities({ low, low, low }, { limits = { 0, 1, 0, 1 }, difference = true }))
    assert.truthy(has(equal, "2 - 1") and has(equal, "3 - 1"))
    assert.truthy(has(boxes(svg(plot.densities({ low, low }, { limits = { 0, 1, 0, 1 }, difference = "what is left" }))), "what is left"))
    -- points of other counts, and functions beside them, are counted in as many cells
    apart("mixed", plot.densities({ cloud, truth[{ 1, 20 }], function(x) return x:sum(2) end }, { limits = { -3, 3, -2, 2 }, difference = true }))
    apart("a grid and points", plot.densities({ fm.zeros(30, 30), cloud }, { limits = { -3, 3, -3, 3 }, difference = true }))
    apart("one point", plot.densities({ fm.zeros(1, 2), fm.ones(1, 2) }, { limits = { -3, 3, -3, 3 }, difference = true }))
    apart("none inside", plot.densities({ cloud, cloud }, { limits = { 50, 53, 50, 53 }, difference = true }))
    raises("plot.densities: difference: number 2 has cells [3, 3], the first [2, 3]", plot.densities, { low, fm.ones(3, 3) }, o)
    raises("plot.densities: expected a list without holes or names, found a field 2", plot.densities, { nil, low, low }, { limits = { 0, 1, 0, 1 } }) -- # is 3
    raises("plot.densities: difference: expected at least two maps", plot.densities, { low }, { limits = { 0, 1, 0, 1 }, difference = true })
    raises("plot.densities: difference: expected true or false, found 3", plot.densities, { low, low }, { limits = { 0, 1, 0, 1 }, difference = 3 })
  end)

  it("has a scale of differences: white in the middle, as dark on both sides", function()
    local rows = require "fm.plot.parts.colors".diverging():totable()
    local middle = rows[#rows // 2 + 1]
    assert.is_true(math.min(middle[1], middle[2], middle[3]) > 0.97)
    local function luminance(c)
      local l = {}
      for i, v in ipairs(c) do l[i] = v <= 0.04045 and v / 12.92 or ((v + 0.055) / 1.055) ^ 2.4 end
      return 116 * (0.2126 * l[1] + 0.7152 * l[2] + 0.0722 * l[3]) ^ (1 / 3) - 16
    end
    for i = 1, #rows // 2 do
      assert.is_true(luminance(rows[i]) < luminance(rows[i + 1]))
      assert.is_true(math.abs(luminance(rows[i]) - luminance(rows[#rows + 1 - i])) < 7, i)
      assert.is_true(rows[i][3] > rows[i][1] and rows[#rows + 1 - i][1] > rows[#rows + 1 - i][3])
    end
  end)

  it("a filmstrip has a legend when it has a reference", function()
    local list = apart("strip", plot.filmstrip(states, { reference = truth, names = { "model", "data" }, columns = 3, title = "A strip" }))
    assert.truthy(has(list, "model") and has(list, "data"))
    assert.is_nil(has(boxes(svg(plot.filmstrip(states))), "samples"))
    raises("plot.filmstrip: names: 1: expected a string, found a number", plot.filmstrip, states, { names = { 1 } })
    local labels = fm.rng(7):integers(30, 1, 3)
    list = apart("strip", plot.filmstrip(states, { reference = truth, classes = labels }))
    assert.truthy(has(list, "reference") and has(list, "class 1") and has(list, "class 3"))
    assert.is_nil(has(list, "samples"))
    local one = svg(plot.filmstrip(states, { classes = labels * 0 + 2 }))
    assert.truthy(one:lower():find "d9602b") -- the second color
    raises("plot.filmstrip: classes: expected a tensor [30] of whole numbers from 1, found a table", plot.filmstrip, states, { classes = { 1 } })
    raises("plot.filmstrip: classes: there are 2 labels, and time 1 has", plot.filmstrip, states, { classes = fm.ones(2) })
    raises("plot.filmstrip: classes: expected a whole number in 1..1000, found 0.5", plot.filmstrip, states, { classes = labels * 0 + 0.5 })
    raises("plot.filmstrip: titles: entry 2: expected a text or a number, found a table", plot.filmstrip, states, { titles = { 1, {}, 3, 4 } })
  end)

  it("letters that are not ASCII do no harm, and those without a shape are boxes", function()
    for _, words in ipairs { "na\u{ef}ve caf\u{e9}", "\u{4f60}\u{597d}", "\xff\xfe", "a\0b", "\u{1F600}", "tab\there" } do
      for name, make in pairs(makes) do
        local picture = make { title = words, xlabel = words, ylabel = words }
        apart(name, picture)
        pixels(picture)
      end
      apart("labels", plot.scatter(cloud, { labels = { words } }))
    end
    local with, without = pixels(plot.curve({ { 1, 2 } }, { title = "\u{4f60}" })), pixels(plot.curve({ { 1, 2 } }, { title = " " }))
    assert.is_true((with - without):abs():sum():item() > 10)
  end)

  it("pictures with one point, one time, one value and without a finite one", function()
    apart("point", plot.scatter(fm.ones(1, 2), { labels = { "one" }, reference = fm.ones(1, 2) }))
    apart("time", plot.filmstrip { fm.ones(1, 2) })
    apart("path", plot.trajectories { fm.ones(1, 2) })
    apart("value", plot.curve { loss = { 5 } })
    apart("no value", plot.curve { loss = { 0 / 0, 0 / 0 } })
    apart("density", plot.density(fm.ones(1, 2)))
    apart("nan", plot.density(fm.full({ 3, 3 }, 0 / 0), { limits = { 0, 1, 0, 1 } }))
    apart("grid", plot.image_grid(fm.full({ 1, 4 }, 0 / 0), { labels = { "nan" } }))
  end)

  it("keeps no bytes: scales of colors are made anew for each picture", function()
    collectgarbage() collectgarbage()
    local start = fm.live_bytes()
    local colors = dofile "lua/fm/plot/parts/colors.lua"
    colors.ramp()
    colors.diverging()
    collectgarbage() collectgarbage()
    assert.equal(start, fm.live_bytes())
  end)
end)
