-- preconditioned(net, path) -> scaled, data: two models around a network for x = a x1 + s noise,
-- with data of variance 1. scaled(x, t) gives the network x at a variance of 1. data(x, t) is the
-- mean of the data plus what the network gives, in proportion: it has not to predict what x says
-- already, nor a small number. Karras et al. 2022, table 1.
local fm <const> = require "fm"

return function(net, path)
  local function read(x, t)
    if type(t) == "number" then t = fm.full(#x, t) end
    local shape = { #x }
    for axis = 2, x:rank() do shape[axis] = 1 end
    local a, s = path:coefficients(t)
    local size = (a * a + s * s):sqrt():reshape(shape)
    return net(x / size, t), a:reshape(shape), s:reshape(shape), size
  end
  local function scaled(x, t) return (read(x, t)) end
  local function data(x, t)
    local y, a, s, size = read(x, t)
    return x * (a / (size * size)) + y * (s / size)
  end
  return scaled, data
end
