-- Data, found by name: data.moons is data/moons.lua, or moons.lua of a user's beside the script. A dataset is a function of its options that
-- returns a tensor; a loader is a function of a path that returns a tensor, or nil and a message.
return setmetatable({}, {
  __index = function(data, name)
    if type(name) ~= "string" then return nil end
    for _, place in ipairs { "fm.data." .. name, name } do
      if package.searchpath(place, package.path) then
        local value = require(place)
        data[name] = value
        return value
      end
    end
    return nil
  end,
})
