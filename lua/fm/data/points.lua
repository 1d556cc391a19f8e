-- What the 2D datasets share: options {n, noise, rng} and their checks; noise is the deviation of a Gaussian added at the end.
local fm <const> = require "fm"
local options <const> = require "fm.options"

--- points(name, defaults, make): make(o, u) -> [n, 2]; u(...) draws uniform numbers from o.rng.
return function(name, defaults, make)
  local all = { n = 1000, noise = 0, rng = options.none }
  for key, value in pairs(defaults) do all[key] = value end
  return function(given)
    local o = options.read(name, given, all)
    options.integer(name .. ": n", o.n, 1)
    options.number(name .. ": noise", o.noise, 0, math.huge)
    o.rng = o.rng or fm.rng(0, name)
    local scope <close> = fm.scope()
    local x = make(o, function() return o.rng:uniform(o.n) end)
    if o.noise > 0 then x = x + o.rng:normal(o.n, 2) * o.noise end
    return x:detach()
  end
end
