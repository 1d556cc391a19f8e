-- Every plot called with wrong arguments, wrong options and wrong values of each option. It draws,
-- or it raises an error at the script's line that names the plot and what it expected; no error
-- comes from fm's own lines, and nothing takes long.
local fm <const> = require "fm"
local plot <const> = fm.plot

describe("plots say what they want:", function()
  local path = os.tmpname()
  teardown(function()
    for _, ending in ipairs { "", ".png", ".svg" } do os.remove(path .. ending) end
  end)

  local rng <const> = fm.rng(1)
  local cloud <const>, states <const>, nan <const> = rng:normal(50, 2), rng:normal(3, 4, 2), fm.full({ 4, 2 }, 0 / 0)
  local released
  do
    local tape <close> = fm.record()
    released = fm.parameter(fm.ones(3, 2)) * 2
  end

  local good <const> = { scatter = cloud, density = cloud, densities = { cloud }, trajectories = states, quiver = function(x) return x end,
    image_grid = fm.ones(4, 16), curve = { { 1, 2, 3 } }, filmstrip = states, torus = cloud,
    globe = fm.ones(2, 3) }
  local limits <const>, without_limits <const> = { -1, 1, -1, 1 }, { image_grid = true, globe = true, torus = true }

  local arguments <const> = { ["nil"] = nil, boolean = true, number = 3, text = "x", ["{}"] = {}, ["{{}}"] = { {} }, ["{{1}}"] = { { 1 } }, mixed = { 1, "x" },
    ["function of nothing"] = function() end, ["function of a text"] = function() return "x" end, stream = rng, file = io.stdout,
    ["rank 0"] = fm.tensor(1), ["rank 1"] = fm.ones(3), ["no rows"] = fm.zeros(0, 2), ["three columns"] = fm.ones(2, 3), ["rank 3"] = fm.ones(2, 3, 2),
    ["no times"] = fm.zeros(0, 3, 2), ["rank 5"] = fm.ones(1, 1, 1, 1, 1), nan = nan, inf = nan * 0 + 1 / 0, released = released,
    ["list of rank 1"] = { fm.ones(2), fm.ones(2) }, ["list of other sizes"] = { fm.ones(2, 2), fm.ones(3, 2) }, ["list with a text"] = { fm.ones(2, 2), "x" },
    ["list with nan"] = { nan, nan }, ["list with a released one"] = { released }, ["text by name"] = { a = "x" }, ["nothing by name"] = { a = {} },
    ["sizes that differ"] = { a = { x = { 1 }, y = { 1, 2 } } }, ["no values"] = { a = { y = {} } }, ["a name that is none"] = { [1.5] = { 1 } } }

  local names <const> = { "title", "limits", "size", "width", "height", "cells", "names", "reference", "titles", "label", "columns", "log", "xlabel",
    "ylabel", "channels", "range", "scale", "t", "arrows", "points", "labels", "difference", "middle", "sise", 1 }
  local values <const> = { true, 3, -1, 0, 2.5, 1e9, 0 / 0, 1 / 0, math.mininteger, "x", "", "a\0b\27", {}, { 1, 2 }, { "a", "b" }, { 1, 2, 3, 4 },
    { 1, 0, 1, 0 }, { 0 / 0, 1, 0, 1 }, { "a", "b", "c", "d" }, { {}, {} }, print, fm.ones(3), fm.zeros(0, 2), nan, rng, released, ("t"):rep(100000) }

  --- Draws and saves, or the message is of the plot, at this file's line.
  local function try(name, what, ...)
    local given, began = table.pack(...), fm.system.seconds()
    local ok, result = pcall(function() return plot[name](table.unpack(given, 1, given.n)) end)
    if ok then
      for _, ending in ipairs { ".svg", ".png" } do
        local saved, message = pcall(function() assert(result:save(path .. ending)) end)
        assert.truthy(saved or message:find "plot_misuse_spec%.lua:%d+: picture:save: a picture of %d+x%d+ pixels is out of range", message)
      end
    else
      assert.truthy(result:find("plot_misuse_spec%.lua:%d+: plot%." .. name .. ": "), ("%s, %s: %s"):format(name, what, result))
      assert.is_nil(result:find "0x%x%x%x%x%x", result)
    end
    assert.truthy(fm.system.seconds() - began < 10, what)
  end

  for name, argument in pairs(good) do
    it(name, function()
      try(name, "nothing")
      try(name, "what is right", argument, { limits = not without_limits[name] and limits or nil })
      for what, value in pairs(arguments) do
        try(name, what, value)
        try(name, what .. ", limits", value, { limits = limits })
        try(name, what .. " as options", argument, value)
      end
      for _, option in ipairs(names) do
        for i, value in ipairs(values) do
          local box = not without_limits[name] and limits or nil
          try(name, ("%s = value %d"):format(option, i), argument, { [option] = value, limits = option == "limits" and value or box })
        end
      end
    end)
  end

  it("the canvas, of any numbers: nothing is drawn outside of it", function()
    local numbers <const> = { 0, 1, -1, 0.5, 10, -1e3, 1e9, -1e9, 1e17, 1e300, -1e300, 1.7e308, -1.7e308, 1 / 0, -1 / 0, 0 / 0, 5e-324, 19.99999, 20 }
    local clouds <const> = { fm.tensor { { 1, 2 }, { 5, 9 } }, fm.tensor { { 1 / 0, 2 }, { 5, -1 / 0 }, { 0 / 0, 1 }, { 3.4e38, -3.4e38 } }, fm.zeros(0, 2),
      fm.full({ 3, 2 }, 1e30), fm.ones(2, 3, 2) }
    local images <const> = { fm.ones(2, 3), fm.ones(2, 3, 4), fm.full({ 1, 1 }, 0 / 0), fm.full({ 3, 2, 2 }, 1 / 0) }
    local draws, place = rng:stream("draws"):integers(40000, 1, 1 << 20):totable(), 0
    local function one_of(list)
      place = place % #draws + 1
      return list[math.tointeger(draws[place]) % #list + 1]
    end
    local function number() return one_of(numbers) end
    for i = 1, 150 do
      local canvas <close> = fm.picture.canvas(20, 15, 0xFFFFFF)
      for _ = 1, 3 do
        pcall(canvas.clip, canvas, number(), number(), number(), number()) -- nan is refused
        canvas:rectangle(number(), number(), number(), number(), 0x123456, 0.5)
        canvas:discs(one_of(clouds), number(), number(), number(), number(), number(), 0x123456)
        canvas:lines(one_of(clouds), number(), number(), number(), number(), number(), 0x123456, 1)
        canvas:image(one_of(images), number(), number(), number(), number())
        canvas:text("aé\xff\0%", number(), number(), number(), number(), i % 2 == 0, 0x1)
        fm.picture.count(one_of(clouds), number(), number(), number(), number(), 3, 4)
        fm.picture.colors(one_of(images), number(), number(), fm.ones(4, 3))
      end
      assert(canvas:save(path .. ".png"))
    end
  end)

  it("lets through what ends a run: it is no message about a picture", function()
    local picture, canvas = fm.plot.scatter(fm.zeros(4, 2)), require "fm.core".picture.canvas
    local core, stop = require "fm.core", setmetatable({}, { __tostring = function() return "SIGTERM" end })
    core.picture.canvas = function() error(stop, 0) end
    local path = os.tmpname()
    local ok, problem = pcall(picture.save, picture, path .. ".png")
    core.picture.canvas = canvas
    os.remove(path)
    assert.is_false(ok)
    assert.equal(stop, problem)
    local attempt = require "fm.parts.attempt"
    assert.same({ false, "x" }, { attempt(error, "x", 0) })
    assert.same({ true, 1, 2 }, { attempt(function(...) return ... end, 1, 2) })
    assert.equal(stop, select(2, pcall(attempt, error, stop)))
  end)
end)
