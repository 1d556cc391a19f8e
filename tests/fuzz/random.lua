-- random(seed, name) -> draw(n): whole numbers 1..n from a stream of their own, drawn many at a
-- time.
local fm <const> = require "fm"

return function(seed, name)
  local rng <const> = fm.rng(seed, name)
  local drawn, at = nil, 0
  return function(n)
    if at == 0 then
      drawn = rng:at(rng:step() + 1):uniform(4096):totable()
      at = #drawn
    end
    at = at - 1
    return math.floor(drawn[at + 1] * n) % n + 1
  end
end
