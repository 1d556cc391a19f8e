-- Flows: paths between pairs, couplings that make the pairs, the loss, and the velocity a trained model stands for.
-- t = 0 is the source x0, t = 1 the data x1. A model is any callable model(x, t [, cond]).
local path <const> = require "fm.flow.path"
local coupling <const> = require "fm.flow.coupling"

return setmetatable({ path = path.named, coupling = coupling.named }, {
  __index = function(flow, name)
    local place = type(name) == "string" and "fm.flow." .. name
    if not place or not package.searchpath(place, package.path) then return nil end
    local value = require(place)
    flow[name] = value
    return value
  end,
})
