-- Plots, found by name: plot.scatter is plot/scatter.lua, or scatter.lua of a user's beside the script. A plot is a function that returns a
-- picture (plot/picture.lua): a list of shapes that picture:save(path) writes as .png or .svg.
return setmetatable({}, {
  __index = function(plot, name)
    if type(name) ~= "string" then return nil end
    for _, place in ipairs { "fm.plot." .. name, name } do
      if package.searchpath(place, package.path) then
        local value = require(place)
        plot[name] = value
        return value
      end
    end
    return nil
  end,
})
