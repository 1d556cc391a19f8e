-- is_method(name): whether there is a file of baselines/ with this name.
return function(name) return name:find "^[%w_]+$" ~= nil and package.searchpath("baselines." .. name, package.path) ~= nil end
