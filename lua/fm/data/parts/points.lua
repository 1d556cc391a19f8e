-- What the 2D datasets share: options {n, noise, rng} and their checks; noise is the deviation of a
-- Gaussian added at the end.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local stream <const> = require "fm.data.parts.stream"

local most_parts <const>, far <const> = 1000000, 1e30

-- An integer as default means a count, a float means any number.
local function check(name, given, defaults)
  local o = options.read(name, given, defaults)
  for key, default in pairs(defaults) do
    local where = ("%s: %s"):format(name, key)
    if math.type(default) == "integer" then
      o[key] = options.size(where, o[key])
      if key ~= "n" then options.integer(where, o[key], 1, most_parts) end
    elseif math.type(default) == "float" then options.number(where, o[key], key == "noise" and 0 or -far, far)
    end
  end
  o.rng = stream.of(name, o.rng)
  return o
end

--- points(name, defaults, make): make(o, u) -> [n, 2]; u() draws n uniform numbers from o.rng.
return function(name, defaults, make)
  local all = { n = 1000, noise = 0.0, rng = options.none }
  for key, value in pairs(defaults) do all[key] = value end
  return function(given, ...)
    options.no_more(name, 1, ...)
    local o = check(name, given, all)
    local scope <close> = fm.scope()
    local x = make(o, function() return o.rng:uniform(o.n) end)
    if o.noise > 0 then x = x + o.rng:normal(o.n, 2) * o.noise end
    return x:detach()
  end
end
