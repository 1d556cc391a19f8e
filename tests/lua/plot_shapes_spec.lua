-- What a picture is in a file, letter for letter; and where axes have ticks, with their labels.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local colors <const>, figure <const>, lettering <const>, limits <const> = require "fm.plot.parts.colors", require "fm.plot.parts.figure",
  require "fm.plot.parts.lettering", require "fm.plot.parts.limits"
local picture <const>, ticks <const> = require "fm.plot.parts.picture", require "fm.plot.parts.ticks"

--- "0:0 0.5: 1:1": places and labels.
local function shown(list)
  local words = {}
  for i, tick in ipairs(list) do words[i] = ("%.6g:%s"):format(tick.at, tick.label or "") end
  return table.concat(words, " ")
end

describe("a picture", function()
  checks.no_bytes_stay(setup, teardown)

  it("as SVG has its shapes in order, cut to what a browser reads", function()
    local path = os.tmpname() .. ".svg"
    local on = picture.new(20.2, 10)
    on:rectangle(1, 2, 3.456, 4, 0x1234AB):rectangle(0, 0, 1, 1, 0, 0.25):clip(1, 1, 8, 9)
    on:discs(fm.tensor { { 1, 2 }, { 0 / 0, 1 }, { 3, 4 } }, 1, 2, 10, -1, 1.5, 0xFF, 1)
    on:lines(fm.tensor { { { 0, 0 }, { 1, 1 }, { 0, 1 / 0 }, { 2, 2 }, { 3, 1 } },
      { { 0 / 0, 0 }, { 0, 0 / 0 }, { 1, 1 }, { 0 / 0, 0 }, { 0, 0 / 0 } } }, 0, 1, 0, 2, 0.8,
      0xFF0000, 0.5)
    on:unclip():text("a<b&c>", 1, 2, 12.5, 0, false, 0, 0.5):text("one of seven", 3, 4, 10.0, 0.5, true, 0x10):text("x\1\xff", -1e9, 1e9, 9, 1, false, 1)
    assert.same({ 21, 10 }, { on.width, on.height })
    assert.is_true(on:save(path))
    local file <close> = assert(io.open(path))
    local length = ("%.2f"):format(fm.picture.text_width("one of seven", 10)):gsub("%.?0+$", "")
    assert.equal(table.concat({
      '<svg xmlns="http://www.w3.org/2000/svg" width="21" height="10" viewBox="0 0 21 10" font-family="Helvetica, Arial, sans-serif">',
      '<rect x="0" y="0" width="21" height="10" fill="#ffffff"/>',
      '<rect x="1" y="2" width="3.46" height="4" fill="#1234ab"/>',
      '<rect x="0" y="0" width="1" height="1" fill="#000000" fill-opacity="0.25"/>',
      '<clipPath id="clip1"><rect x="1" y="1" width="8" height="9"/></clipPath><g clip-path="url(#clip1)">',
      '<g fill="#0000ff">', '<circle cx="3" cy="8" r="1.5"/>', '<circle cx="7" cy="6" r="1.5"/>', "</g>",
      '<g fill="none" stroke-width="0.8" stroke-linecap="round" stroke-linejoin="round" stroke="#ff0000" stroke-opacity="0.5">',
      '<path d="M0 0L1 2M2 4L3 2"/>', "</g>", "</g>",
      '<clipPath id="clip2"><rect x="0" y="0" width="21" height="10"/></clipPath><g clip-path="url(#clip2)">',
      '<text x="1" y="2" font-size="12.5" text-anchor="start" fill="#000000" fill-opacity="0.5">a&lt;b&amp;c&gt;</text>',
      ('<text x="3" y="4" font-size="10" text-anchor="middle" textLength="%s" lengthAdjust="spacingAndGlyphs" transform="rotate(-90 3 4)" fill="#000010">'
        .. "one of seven</text>"):format(length),
      '<text x="-10000000" y="10000000" font-size="9" text-anchor="end" fill="#000001">x??</text>', "</g>", "</svg>\n",
    }, "\n"), file:read "a")
    os.remove(path)
    on = picture.new(3, 2):image(fm.ones(1, 2), 0, 1, 2, 1)
    assert.is_true(on:save(path))
    local image <close> = assert(io.open(path))
    local data = fm.picture.base64(fm.ones(1, 2))
    assert.truthy(image:read "a":find('\n<image x="0" y="1" width="2" height="1" preserveAspectRatio="none" image-rendering="optimizeSpeed" '
      .. 'style="image-rendering:pixelated" href="data:image/png;base64,' .. data .. '"/>\n\n</svg>\n', 1, true))
    os.remove(path)
    os.remove((path:gsub("%.svg$", "")))
  end)

  it("has what a tensor held when it was drawn, and endings of any case", function()
    local x = fm.ones(1, 2)
    local on = picture.new(4, 4):discs(x, 0, 1, 0, 1, 1, 0)
    x:fill(3)
    assert.same({ { 1, 1 } }, on[1][2]:totable())
    local path = os.tmpname()
    assert.is_true(on:save(path .. ".PNG"))
    assert.same({ 4, 4, 3 }, fm.png.load(path .. ".PNG"):shape())
    os.remove(path .. ".PNG")
    os.remove(path)
  end)

  it("has ticks at 1, 2 or 5 times a power of ten, with as many digits as tell them apart", function()
    for _, case in ipairs {
      { 0, 1, 5, "0:0 0.2:0.2 0.4:0.4 0.6:0.6 0.8:0.8 1:1.0" }, { 0, 1, 4, "0:0 0.5:0.5 1:1.0" },
      { 0, 10, 10, "0:0 1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8 9:9 10:10" },
      { -3.1, 3.2, 4, "-2:-2 0:0 2:2" }, { -3.1, 3.2, 7, "-3:-3 -2:-2 -1:-1 0:0 1:1 2:2 3:3" }, { 0.001, 0.002, 2, "0.001:0.0010 0.0015:0.0015 0.002:0.0020" },
      { 0, 2e6, 2, "0:0 1e+06:1e6 2e+06:2e6" }, { 999999, 1000001, 2, "999999:999999 1e+06:1000000 1e+06:1000001" },
      { 0, 3e-6, 3, "0:0 1e-06:1e-6 2e-06:2e-6 3e-06:3e-6" },
      { 0, 3e5, 3, "0:0 100000:100000 200000:200000 300000:300000" }, { 12, 13, 0, "12:12 13:13" }, { -1e-5, 1e-5, 2, "-1e-05:-0.00001 0:0 1e-05:0.00001" },
    } do
      local low, high, count, wanted = table.unpack(case)
      assert.equal(wanted, shown(ticks.linear(low, high, ticks.step(low, high, count))))
    end
    assert.equal("0:0 1:1e10 2:2e10", shown(ticks.linear(0, 2, 1, 1e10)))
    assert.is_true(#ticks.linear(0, 1, 1e-5) <= 201)
    local near_end = ticks.linear(2 ^ 53, 2 ^ 53 + 4, 0.5) -- two places have one label: it stands once
    for i = 2, #near_end do assert.is_true(near_end[i].label == nil or near_end[i].label ~= near_end[i - 1].label) end
    assert.same({ 1, 2, 5, 10, 0.1 }, { ticks.step(0, 5, 5), ticks.step(0, 8, 5), ticks.step(0, 11, 5), ticks.step(0, 26, 5), ticks.step(0, 1, 10) })
    assert.near(0.5e308, ticks.step(-1e308, 1e308, 4), 1e295) -- whose difference overflows
  end)

  it("has ticks of logarithms at powers of ten, at 2 and 5, or between, so that there are three labels", function()
    for _, case in ipairs {
      { 0, 3, 5, "0:1 0.30103: 0.477121: 0.60206: 0.69897: 0.778151: 0.845098: 0.90309: 0.954243: 1:10 1.30103: 1.47712: 1.60206: 1.69897: 1.77815: "
        .. "1.8451: 1.90309: 1.95424: 2:100 2.30103: 2.47712: 2.60206: 2.69897: 2.77815: 2.8451: 2.90309: 2.95424: 3:1000" },
      { -1, 5, 3, "-1: 0:1 1: 2:100 3: 4:10000 5:" }, { -6, -1, 5, "-6:1e-6 -5:1e-5 -4:1e-4 -3:0.001 -2:0.01 -1:0.1" },
      { 3, 6, 9, nil, { [3] = "1000", [4] = "10000", [5] = "1e5", [6] = "1e6" } },
      { 0, 1, 5, nil, { [0] = "1", [math.log(2, 10)] = "2", [math.log(5, 10)] = "5", [1] = "10" } },
      { math.log(2, 10), math.log(4.5, 10), 3, nil, { [math.log(2, 10)] = "2", [math.log(3, 10)] = "3", [math.log(4, 10)] = "4" } },
      { math.log(1.1, 10), math.log(1.4, 10), 3, "0.0413927:1.1 0.0791812:1.2 0.113943:1.3 0.146128:1.4" },
      { -292, -290, 1, nil, {} },
    } do
      local list = ticks.logarithmic(case[1], case[2], case[3])
      if case[4] then assert.equal(case[4], shown(list)) end
      for _, tick in ipairs(case[5] and list or {}) do
        for at, label in pairs(case[5]) do
          if math.abs(at - tick.at) < 1e-9 then assert.equal(label, tick.label) end
        end
      end
    end
    local inner <const>, near_one <const> = ticks.logarithmic(1e-12, 3 - 1e-12, 5), ticks.linear(1e-12, 1 - 1e-12, 0.5) -- ends but for rounding
    assert.same({ 28, "1", "1000" }, { #inner, inner[1].label, inner[28].label })
    assert.equal("0:0 0.5:0.5 1:1.0", shown(near_one))
    local ranks = {}
    for i, tick in ipairs(ticks.logarithmic(0, 1, 5)) do ranks[i] = tick.rank end
    assert.same({ 1, 2, 3, 3, 2, 3, 3, 3, 3, 1 }, ranks)
  end)

  it("of ranks has about 20 bars for each number, as many as divide the number of ranks", function()
    for draws, bars in pairs { [1] = 2, [9] = 10, [11] = 12, [19] = 20, [29] = 15, [40] = 41, [49] = 25, [63] = 16, [99] = 20, [100] = 101, [81] = 41,
      [199] = 20, [1008] = 1 } do
      local count = 0
      for _, shape in ipairs(fm.plot.rank_histogram(fm.zeros(3, 1), draws)) do
        if shape[1] == "rectangle" and (shape[6] == colors.sample or shape[6] == colors.accent) then count = count + 1 end
      end
      assert.equal(bars, count, draws)
    end
  end)

  it("thins ticks whose labels would meet, and keeps those within the ends", function()
    local function axis(length, overhang, width) return { low = 0, high = 10, length = length, count = 10, overhang = overhang,
      size_of = function(label) return width * #label end } end
    assert.equal("0:0 1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8 9:9 10:10", shown((ticks.fitting(axis(100, math.huge, 5)))))
    assert.equal("0:0 5:5 10:10", shown((ticks.fitting(axis(100, math.huge, 20)))))
    assert.equal("0: 2:2 4:4 6:6 8:8 10:", shown((ticks.fitting(axis(100, 0, 12)))))
    assert.same({ 2, 5 }, { select(2, ticks.fitting(axis(100, math.huge, 10.1))), select(2, ticks.fitting(axis(100, math.huge, 5), 5)) })
    local list, labels = ticks.at_step(axis(100, math.huge, 5), 5)
    assert.same({ "0:0 5:5 10:10", 3 }, { shown(list), labels })
    assert.is_nil((ticks.at_step(axis(100, math.huge, 30), 1)))
  end)

  it("has colors that repeat, darker, then lighter", function()
    local first = colors.series[1]
    assert.equal(first, colors.of(1))
    local r, g, b = first >> 16, first >> 8 & 255, first & 255
    assert.equal((r * 3 // 5) << 16 | (g * 3 // 5) << 8 | b * 3 // 5, colors.of(#colors.series + 1))
    local function light(v) return 255 - (255 - v) // 2 end
    assert.equal(light(r) << 16 | light(g) << 8 | light(b), colors.of(2 * #colors.series + 1))
    assert.equal(first, colors.of(3 * #colors.series + 1))
    assert.equal(colors.series[#colors.series], colors.of(#colors.series))
  end)

  it("has scales of color whose lightness, hue and strength are those of OKLab", function()
    -- sRGB to OKLab, B. Ottosson 2020
    local function oklab(c)
      local v = {}
      for i = 1, 3 do v[i] = c[i] <= 0.04045 and c[i] / 12.92 or ((c[i] + 0.055) / 1.055) ^ 2.4 end
      local l = (0.4122214708 * v[1] + 0.5363325363 * v[2] + 0.0514459929 * v[3]) ^ (1 / 3)
      local m = (0.2119034982 * v[1] + 0.6806995451 * v[2] + 0.1073969566 * v[3]) ^ (1 / 3)
      local s = (0.0883024619 * v[1] + 0.2817188376 * v[2] + 0.6299787005 * v[3]) ^ (1 / 3)
      local a, b = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s, 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s
      return 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s, math.sqrt(a * a + b * b), math.deg(math.atan(b, a)) % 360
    end
    local function check(rows, wanted)
      for i, row in ipairs(rows) do
        local lightness, chroma, hue = oklab(row)
        local l, c, h = wanted((i - 1) / (#rows - 1))
        assert.near(l, lightness, 1e-4)
        assert.is_true(chroma <= c + 1e-4 and chroma >= 0.5 * c - 1e-4, i) -- less where a screen has no more
        if chroma > 0.01 then assert.near(h, hue, 0.3) end
      end
      assert.equal(3, #rows[1])
    end
    local ramp, both = colors.ramp():totable(), colors.diverging():totable()
    assert.same({ 64, 65 }, { #ramp, #both })
    check(ramp, function(s) return 0.99 - 0.7 * s, 0.012 + 0.1 * math.sin(0.88 * math.pi * s ^ 0.8) ^ 0.7, 110 + 185 * s end)
    check(both, function(s)
      local far = math.abs(2 * s - 1)
      return 0.995 - 0.56 * far, 0.17 * math.sin(math.pi / 2 * far) ^ 0.9, s < 0.5 and 258 or 28
    end)
  end)

  it("has limits that can be divided into pixels", function()
    assert.same({ 1, 1, 1e10, 1e10, 1e-300, 1, 1, 1 }, { limits.unit(-1, 1), limits.unit(-1e300, 1e300), limits.unit(-1e308, 0), limits.unit(0, 1.1e300),
      limits.unit(0, 0.9e-290), limits.unit(0, 1e-290), limits.unit(0, 0), limits.unit(1e-291, 1e-291) })
    assert.same({ -2.0 ^ 1022, 2.0 ^ 1022, 3.5 }, { limits.held(-1 / 0), limits.held(1e308), limits.held(3.5) })
    assert.same({ -0.25, 5.25 }, { limits.widen(0, 5, 0.05) })
    assert.same({ 0.9e6, 1.1e6 }, { limits.widen(1e6, 1e6, 0.05) })
    assert.equal(2, limits.outside(fm.tensor { { 0, 0 }, { 2, 0 }, { 0, 0 / 0 }, { 0.5, 0.75 } }, { 0, 1, 0, 1 }))
    local w, h, box = figure.equal({ 0, 2, 0, 1 }, 101)
    assert.same({ 101, 51, { 0, 2, 0, 1 } }, { w, h, box })
    w, h, box = figure.equal({ 0, 1, 0, 10 }, 100)
    assert.same({ 40, 100, { -1.5, 2.5, 0, 10 } }, { w, h, box })
  end)

  it("breaks and cuts texts between letters", function()
    local width = lettering.width
    local function wide(text) return width(text, 12.5) end
    local function dotted(text) return wide(text) + wide "..." + 2 end
    assert.equal("a b c", lettering.cut("a\nb\tc", 12.5, 100))
    assert.equal("abcdef", lettering.cut("abcdef", 12.5, wide "abcdef"))
    assert.equal("abc...", lettering.cut("abcdefgh", 12.5, dotted "abc" + 0.01))
    assert.equal("ab...", lettering.cut("abcdefgh", 12.5, dotted "abc" - 0.01))
    assert.equal("a...", lettering.cut("a     bbbbbb", 12.5, dotted "a   " + 0.01))
    assert.equal("a", lettering.cut("abcdefgh", 12.5, wide "a"))
    assert.equal("", lettering.cut("abcdefgh", 12.5, 0))
    assert.equal("\u{e9}\u{e9}...", lettering.cut(("\u{e9}"):rep(9), 12.5, dotted "\u{e9}\u{e9}" + 0.01))
    assert.same({ "one", "two" }, lettering.lines("one\r\ntwo", 12.5, 100, 3))
    assert.same({ "one two", "three" }, lettering.lines("one two   three", 12.5, wide "one two", 3))
    assert.same({ "one", "two..." }, lettering.lines("one two three four", 12.5, dotted "two" + 0.01, 2))
    assert.same({}, lettering.lines("", 12.5, 100, 2))
    local middles, half = {}, wide "beside" / 2 + 3
    local on = { text = function(_, _, _, middle) middles[#middles + 1] = middle end }
    local beside = lettering.axis_name("beside", 100)
    for _, case in ipairs { { 50, 100 }, { 2, 100 }, { 99, 100 }, { 5, 30 } } do lettering.draw_beside(on, beside, case[1], 40, case[2]) end
    assert.same({ 50, half, 100 - half, 15 }, middles) -- within the picture, in its middle where that is too low
    assert.same({ "3", "3.5", "x", "2" }, { lettering.text(3.0), lettering.text(3.5), lettering.text "x", lettering.text(2) })
    local title, name = lettering.title("a title", 500), lettering.axis_name("one two", width("one", 12.5) + 1)
    assert.same({ 26, width("a title", 15), 39, 2 }, { title.height, title.width, name.height, #name.lines })
    assert.same({ 0, 0, 0 }, { lettering.title(nil, 9).height, lettering.title("", 9).width, lettering.axis_name("", 9).height })
    assert.equal(4003, #lettering.lines(("x"):rep(5000), 12.5, 1e9, 2)[1])
  end)
end)
