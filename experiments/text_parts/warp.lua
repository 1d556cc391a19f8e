-- warp(V, rng, points, length): where a flow from noise to one of V vectors has to be slow. They
-- are taken to be at right angles, each this long, as one-hot vectors are. On z = (1 - c) noise + c
-- x, the largest product with z tells the token wrongly while r = c / (1 - c) times the length is
-- below the largest of the V - 1 other noises less the token's own. So that the share of wrong ones
-- falls along a line in t, r(t) length is the quantile t of this difference where it is above 0.
-- Returns the table c [points + 1] for t = 0, 1 / points, ..., 1; c is 0 at the start and 1 at the
-- end.
local fm <const> = require "fm"

local draws <const>, at_once <const> = 20000, 1000

return function(V, rng, points, length)
  local list = {}
  for _ = 1, draws // at_once do
    local scope <close> = fm.scope()
    local noise = rng:normal(at_once, V)
    for _, difference in ipairs((noise[{ {}, { 2, V } }]:max(2) - noise[{ {}, { 1, 1 } }]:reshape(-1)):totable()) do
      if difference > 0 then list[#list + 1] = difference end
    end
  end
  table.sort(list)
  local c <const> = { 0 }
  for i = 1, points - 1 do
    local r = list[i * #list // points + 1] / length
    c[i + 1] = r / (1 + r)
  end
  c[points + 1] = 1
  return fm.tensor(c)
end
