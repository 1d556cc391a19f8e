-- Manifolds as points [B, D]: manifold.sphere(D), manifold.torus(D). The D counts coordinates:
-- sphere(3) is the surface of a ball. A file returns a function of D that returns a table with
--
--   project(x)       the nearest points of the manifold
--   tangent(x, v)    the part of v [B, D] that is tangent at x
--   exp(x, v)        where the geodesic that leaves x with the velocity v is after a unit of time
--   log(x, y)        the v of the shortest geodesic from x to y: exp(x, log(x, y)) = y
--   distance(x, y)   its length [B]
--   draw(n, rng)     points [n, D], uniform in the manifold's volume
--   log_volume       the logarithm of that volume
--   stretch(x)       if there, [B, 1]: by how much a slope at project(x) grows at x, see
--                    fm.ode.parts.on_manifold
--   without_nearest(x)   if there: the number of a row that has no nearest point, and why; or nil
--   off(x)           if there: how far the rows of x are from the manifold at most, a number
--
-- and with gradients for all that move. Methods: parts/methods.lua. A manifold of one's own is such
-- a file beside the script.
local methods <const> = require "fm.manifold.parts.methods"

return require("fm.parts.by_name").room("fm.manifold", {}, { each = methods.maker })
