-- plot.globe and plot.torus, beside plot_spec.lua: the map's equal areas, poles, the date line,
-- wrapped angles, heat maps, misuse.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local mollweide <const> = require "fm.plot.parts.mollweide"
local plot <const> = fm.plot
local raises <const> = checks.raises_text

local pi <const> = math.pi

local function degrees(latitude, longitude) -- the coordinates of a point
  local a, b = math.rad(latitude), math.rad(longitude)
  return math.cos(a) * math.cos(b), math.cos(a) * math.sin(b), math.sin(a)
end

local function close(a, b, tolerance)
  assert.is_true(math.abs(a - b) <= tolerance, ("%.17g and %.17g"):format(a, b))
end

describe("Mollweide's map", function()
  --- The area of a region whose border is the places of a list of points: Gauss's formula.
  local function area(border)
    local sum, places = 0, {}
    for i, p in ipairs(border) do places[i] = { mollweide.place(p[1], p[2], p[3], 0) } end
    for i, a in ipairs(places) do
      local b = places[i % #places + 1]
      sum = sum + (a[1] * b[2] - b[1] * a[2]) / 2
    end
    return math.abs(sum)
  end

  it("gives a region its share of the sphere's area", function()
    close(4 * pi, pi * mollweide.half_width * mollweide.half_height, 1e-14)
    for _, latitude in ipairs { 0, 20, -50, 75 } do
      for _, radius in ipairs { 0.05, 0.2 } do -- a cap around a point with longitude 40
        local border, up = {}, { degrees(latitude, 40) }
        local east, north = { -math.sin(math.rad(40)), math.cos(math.rad(40)), 0 }, { degrees(latitude + 90, 40) }
        for i = 1, 4000 do
          local a, p = 2 * pi * i / 4000, {}
          for k = 1, 3 do p[k] = math.cos(radius) * up[k] + math.sin(radius) * (math.cos(a) * east[k] + math.sin(a) * north[k]) end
          border[i] = p
        end
        close(1, area(border) / (2 * pi * (1 - math.cos(radius))), 2e-6)
      end
    end
    for _, box in ipairs { { 60, 90, -180, 179.999999 }, { -90, -89, -30, 60 }, { -10, 10, 170, 179.999999 }, { 89.9, 90, 0, 90 } } do
      local border, n = {}, 4000 -- between two parallels and two meridians
      for i = 0, n do border[#border + 1] = { degrees(box[1], box[3] + (box[4] - box[3]) * i / n) } end
      for i = 0, n do border[#border + 1] = { degrees(box[1] + (box[2] - box[1]) * i / n, box[4]) } end
      for i = n, 0, -1 do border[#border + 1] = { degrees(box[2], box[3] + (box[4] - box[3]) * i / n) } end
      for i = n, 0, -1 do border[#border + 1] = { degrees(box[1] + (box[2] - box[1]) * i / n, box[3]) } end
      local true_area = math.rad(box[4] - box[3]) * (math.sin(math.rad(box[2])) - math.sin(math.rad(box[1])))
      close(1, area(border) / true_area, 1e-5)
    end
  end)

  it("knows the way back, also at the poles and the date line", function()
    for _, middle in ipairs { 0, 1, -3, pi } do
      for latitude = -90, 90, 7.5 do
        for longitude = -180, 172, 11 do
          local x, y, z = degrees(latitude, longitude)
          local u, v = mollweide.place(x, y, z, middle)
          assert.is_true((u / mollweide.half_width) ^ 2 + (v / mollweide.half_height) ^ 2 <= 1 + 1e-12)
          local a, b, c = mollweide.point(u, v, middle)
          close(x, a, 2e-8) close(y, b, 2e-8) close(z, c, 1e-12)
        end
      end
    end
    local u, v = mollweide.place(0, 0, 1, 2)
    close(0, u, 1e-15) close(mollweide.half_height, v, 1e-15)
    close(-mollweide.half_height, select(2, mollweide.place(0, 0, -3, 2)), 1e-15)
    close(-mollweide.half_width, mollweide.place(-1, -1e-9, 0, 0), 1e-8)
    close(mollweide.half_width, mollweide.place(-1, 1e-9, 0, 0), 1e-8)
    for e = 1, 15 do -- near a pole: 1 - sin phi is about phi^2 / 2
      local phi = 10.0 ^ -e
      local _, near = mollweide.place(phi, 0, 1, 0)
      close(near, mollweide.half_height * math.cos((6 * pi * phi * phi / 2) ^ (1 / 3) / 2), 0.02 * phi ^ (4 / 3) + 1e-15)
    end
  end)

  it("has the rim's point for a place beyond it, on the same parallel", function()
    local x, y, z = mollweide.point(2.8, 1, 0)
    local u, v = mollweide.place(x, y + 1e-12, z, 0)
    close(1, v, 1e-9)
    close(1, (u / mollweide.half_width) ^ 2 + (v / mollweide.half_height) ^ 2, 1e-9)
    assert.same({ 0, 0, 1 }, { mollweide.point(1, 5, 0) })
  end)
end)

describe("plot.globe and plot.torus", function()
  local path <const> = os.tmpname()
  checks.no_bytes_stay(setup, teardown)
  teardown(function()
    for _, ending in ipairs { "", ".svg", ".png" } do os.remove(path .. ending) end
  end)

  local function svg(picture)
    assert(picture:save(path .. ".svg"))
    local file <close> = assert(io.open(path .. ".svg"))
    return file:read "a"
  end

  local function pixels(picture)
    assert(picture:save(path .. ".png"))
    return assert(fm.png.load(path .. ".png")):totable()
  end

  --- The middles of the discs in a color.
  local function discs(text, color)
    local list = {}
    for group in text:gmatch("<g fill=\"#" .. color .. "\".->(.-)</g>") do
      for x, y in group:gmatch 'cx="([%d.-]+)" cy="([%d.-]+)"' do list[#list + 1] = { tonumber(x), tonumber(y) } end
    end
    return list
  end

  local function darkness(color) return 3 - color[1] - color[2] - color[3] end

  it("put points where they belong", function()
    local x = fm.tensor { { 1, 0, 0 }, { 0, 0, 1 }, { 0, 0, -5 }, { 0, 3, 0 }, { 0, -1, 0 } }
    local at = discs(svg(plot.globe(x, { size = 560 })), "2360c4")
    close(at[1][1], at[2][1], 0.02) close(at[2][1], at[3][1], 0.02) -- the poles lie above and below the middle
    close(at[1][2] - at[2][2], 125, 0.02) close(at[3][2] - at[1][2], 125, 0.02) -- half of 500 pixels is the height
    close(at[4][1] - at[1][1], 125, 0.02) close(at[1][1] - at[5][1], 125, 0.02) -- longitudes 90 and -90, half the way to the rim
    close(at[4][2], at[1][2], 0.02)
    local turned = discs(svg(plot.globe(x, { size = 560, middle = 90 })), "2360c4")
    close(turned[4][1], at[1][1], 0.02)
    close(turned[5][1], at[1][1] - 250, 0.02) -- opposite of the middle: the rim
    assert.equal(svg(plot.globe(x)), svg(plot.globe(x * 1e-3)))
    local angles = discs(svg(plot.torus(fm.tensor { { 0, 0 }, { 4 * pi + 1, -2 * pi - 1 }, { 1, -1 }, { -3.1415, 3.1415 } }, { size = 400 })), "2360c4")
    assert.same(angles[2], angles[3])
    close(angles[2][1] - angles[1][1], 400 / (2 * pi), 0.02) close(angles[2][2] - angles[1][2], 400 / (2 * pi), 0.02)
    close(angles[1][1] - angles[4][1], 200, 0.02) close(angles[1][2] - angles[4][2], 200, 0.02)
  end)

  it("show every sample, the reference, and how many points have no place", function()
    local rng = fm.rng(3)
    local x = rng:normal(50, 3)
    local text = svg(plot.globe(x, { reference = x[{ 1, 20 }], names = { "model", "data" } }))
    assert.equal(51, #discs(text, "2360c4")) -- and one in the legend
    assert.equal(21, #discs(text, "b4bac6"))
    assert.is_true(text:find(">data<", 1, true) < text:find(">model<", 1, true))
    x[1], x[2] = fm.zeros(3), fm.full({ 3 }, 0 / 0)
    assert.truthy(svg(plot.globe(x)):find(">2 samples without a place<", 1, true))
    assert.truthy(svg(plot.torus(fm.tensor { { 1, 1 / 0 }, { 0, 0 } })):find(">1 sample without a place<", 1, true))
    local both = svg(plot.globe(x, { reference = x[{ 1, 3 }] }))
    assert.truthy(both:find(">2 samples without a place<", 1, true) and both:find(">2 reference points without a place<", 1, true))
    both = svg(plot.torus(fm.zeros(2, 2), { reference = fm.tensor { { 0, 0 / 0 } } }))
    assert.truthy(both:find(">1 reference point without a place<", 1, true))
    for _, name in ipairs { "-π", "-π/2", "0", "π/2", "π" } do
      local _, count = svg(plot.torus(fm.zeros(1, 2))):gsub(">" .. name:gsub("%p", "%%%0") .. "</text>", "")
      assert.equal(2, count, name)
    end
    text = svg(plot.globe(x, { middle = -120 }))
    for _, name in ipairs { "60°N", "30°N", "0°", "30°S", "60°S", "lines 30° apart, longitude -120° in the middle" } do
      assert.truthy(text:find(">" .. name .. "<", 1, true), name)
    end
  end)

  it("draw a function on the map only, north up, and its reference over it", function()
    local asked
    local function north(p)
      asked = p
      return p[{ {}, { 3, 3 } }]
    end
    local picture = plot.globe(north, { size = 560, cells = 56, title = "", xlabel = "", range = { -1, 1 } })
    assert.same({ 56 * 26, 3 }, asked:shape())
    close(1, asked:square():sum(2):min():item(), 1e-5) close(1, asked:square():sum(2):max():item(), 1e-5)
    local image = pixels(picture)
    local left, top = 25, 16 -- where the panel begins
    local function at(u, v) return darkness(image[(top + 130 - v) // 1][(left + 280 + u) // 1]) end
    assert.is_true(at(20, 110) > at(20, 60) and at(20, 60) > at(20, 30) and at(20, -60) > at(20, -110))
    assert.equal(0, at(270, 110)) -- beyond the rim
    for i = 0, 40 do -- not a cell shows beyond it
      local a = pi * (i / 40 * 0.9 + 0.05)
      local u, v = 250 * math.cos(a), 125 * math.sin(a)
      assert.is_true(at(u + 4 * math.cos(a), v + 4 * math.sin(a)) < 0.1 or math.cos(a) < -0.3, i) -- at the left stand the names of parallels
    end
    local text = svg(plot.globe(north, { reference = fm.ones(7, 3), names = { nil, "stations" }, label = "height" }))
    assert.equal(8, #discs(text, "d9602b"))
    assert.truthy(text:find(">stations<", 1, true) and text:find(">height<", 1, true))
    local model = setmetatable({}, { __call = function(_, p) return p:cos():sum(2) end }) -- callable is enough
    image = pixels(plot.torus(model, { size = 200, cells = 20, title = "", xlabel = "", ylabel = "" }))
    local left_torus = #image[1] -- the middle is darkest
    assert.is_true(left_torus > 200 and darkness(image[16 + 100][50 + 100]) > darkness(image[16 + 30][50 + 30]))
    local a = svg(plot.torus(model, { range = { -2, 2 } }))
    assert.equal(a, svg(plot.torus(model, { range = { -2, 2 } })))
    assert.is_true(a ~= svg(plot.torus(model, { range = { -3, 2 } })))
  end)

  it("say how many cells of a map have no finite value, and points of its reference no place", function()
    local function holes(p) return fm.where(p[{ {}, { 1, 1 } }]:gt(0), 0 / 0, 1) end
    local nowhere, finite = svg(plot.globe(function(p) return fm.full(#p, 0 / 0) end, { cells = 20 })), svg(plot.globe(function(p) return p:sum(2) end))
    local all = tonumber(nowhere:match ">(%d+) cells without a finite value<")
    assert.falsy(finite:find("without", 1, true))
    assert.truthy(all > 125 and all < 160, all) -- of 180: the ellipse is as large as 125 of them, and shares those at its rim
    local half = tonumber(svg(plot.globe(holes, { cells = 20 })):match ">(%d+) cells without a finite value<")
    assert.truthy(half < 0.6 * all and half > 0.3 * all, half)
    assert.truthy(svg(plot.torus(function(p) return fm.full(#p, math.huge) end, { cells = 3 })):find(">9 cells without a finite value<", 1, true))
    local one = svg(plot.torus(function(p) return fm.where(p[{ {}, { 1, 1 } }]:abs():lt(1) * p[{ {}, { 2, 2 } }]:abs():lt(1), 0 / 0, 1) end,
      { cells = 3, reference = fm.tensor { { 0, 0 }, { 0, 0 / 0 } }, names = { nil, "stations" } }))
    for _, text in ipairs { ">1 cell without a finite value<", ">1 reference point without a place<", ">stations<" } do
      assert.truthy(one:find(text, 1, true), text)
    end
  end)

  it("refuse misuse in words", function()
    local x = fm.ones(4, 3)
    raises('plot.globe: unknown option "midle"; did you mean "middle"', plot.globe, x, { midle = 3 })
    raises('plot.torus: unknown option "middle"', plot.torus, fm.ones(4, 2), { middle = 3 })
    raises("plot.globe: expected points [n, 3] or a function of them, found [4, 2]", plot.globe, fm.ones(4, 2))
    raises("plot.globe: expected points [n, 3] or a function of them, found [0, 3]", plot.globe, fm.zeros(0, 3))
    raises("plot.globe: expected points [n, 3] or a function of them, found a nil", plot.globe)
    raises("plot.torus: expected points [n, 2] or a function of them, found [4, 3]", plot.torus, x)
    raises("plot.globe: reference: expected points [n, 3], found [4]", plot.globe, x, { reference = fm.ones(4) })
    raises("plot.globe: middle: expected a number", plot.globe, x, { middle = 400 })
    raises("plot.globe: size: expected a whole number", plot.globe, x, { size = 99 })
    raises("plot.globe: cells: expected a whole number", plot.globe, x, { cells = 1 })
    raises("plot.globe: range is two numbers {low, high} with low < high", plot.globe, x, { range = { 1, 1 } })
    raises("plot.globe: range is two numbers {low, high} with low < high", plot.globe, x, { range = { 0, 0 / 0 } })
    raises("plot.globe: names", plot.globe, x, { names = "x" })
    raises("plot.globe: label: expected a string, found a number", plot.globe, x, { label = 3 })
    raises("plot.torus: the function must return [14400] values, found [3]", plot.torus, function() return fm.ones(3) end)
    raises("plot.torus: the function must return [14400] values, found nil", plot.torus, function() end)
  end)
end)
