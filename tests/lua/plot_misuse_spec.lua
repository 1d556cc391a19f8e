-- Every plot called with what it does not take: as its argument, as its options, as the value of each option. It draws, or it says at the
-- script's line which plot wants what; nothing comes from inside, and nothing takes long.
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
    image_grid = fm.ones(4, 16), curve = { { 1, 2, 3 } }, filmstrip = states }
  local limits <const> = { -1, 1, -1, 1 }

  local arguments <const> = { ["nil"] = nil, boolean = true, number = 3, text = "x", ["{}"] = {}, ["{{}}"] = { {} }, ["{{1}}"] = { { 1 } }, mixed = { 1, "x" },
    ["function of nothing"] = function() end, ["function of a text"] = function() return "x" end, stream = rng, file = io.stdout,
    ["rank 0"] = fm.tensor(1), ["rank 1"] = fm.ones(3), ["no rows"] = fm.zeros(0, 2), ["three columns"] = fm.ones(2, 3), ["rank 3"] = fm.ones(2, 3, 2),
    ["no times"] = fm.zeros(0, 3, 2), ["rank 5"] = fm.ones(1, 1, 1, 1, 1), nan = nan, inf = nan * 0 + 1 / 0, released = released,
    ["list of rank 1"] = { fm.ones(2), fm.ones(2) }, ["list of other sizes"] = { fm.ones(2, 2), fm.ones(3, 2) }, ["list with a text"] = { fm.ones(2, 2), "x" },
    ["list with nan"] = { nan, nan }, ["list with a released one"] = { released }, ["text by name"] = { a = "x" }, ["nothing by name"] = { a = {} },
    ["sizes that differ"] = { a = { x = { 1 }, y = { 1, 2 } } }, ["no values"] = { a = { y = {} } }, ["a name that is none"] = { [1.5] = { 1 } } }

  local names <const> = { "title", "limits", "size", "width", "height", "cells", "names", "reference", "titles", "label", "columns", "log", "xlabel",
    "ylabel", "channels", "range", "scale", "t", "arrows", "points", "sise", 1 }
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
      try(name, "what is right", argument, { limits = name ~= "image_grid" and limits or nil })
      for what, value in pairs(arguments) do
        try(name, what, value)
        try(name, what .. ", limits", value, { limits = limits })
        try(name, what .. " as options", argument, value)
      end
      for _, option in ipairs(names) do
        for i, value in ipairs(values) do
          try(name, ("%s = value %d"):format(option, i), argument, { [option] = value, limits = option ~= "limits" and limits or value })
        end
      end
    end)
  end
end)
