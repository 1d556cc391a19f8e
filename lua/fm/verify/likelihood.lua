-- Log-densities by a solve: of a mixture against its formula, by random traces against the exact
-- one, and of an untrained network by their integral, which is 1 whatever the network says.
local fm <const> = require "fm"

local flow <const> = fm.flow

-- The centres of the cells of a grid over [-r, r]^2, and the area of a cell.
local function grid(n, r)
  local at = (fm.range(1, n) - 0.5) * (2 * r / n) - r
  local first, second = fm.zeros(n, n) + at:reshape(-1, 1), fm.zeros(n, n) + at:reshape(1, -1)
  return fm.cat(first:reshape(-1, 1), second:reshape(-1, 1), 2), (2 * r / n) ^ 2
end

return {
  about = "log-densities by a solve: against a mixture's formula, random traces, an integral that must be 1",
  seconds = 3,
  run = function(case)
    local tolerance <const> = fm.real == "double" and 1e-7 or 1e-5
    local means <const>, std <const> = { { -2, 0 }, { 1, 1.5 } }, { 0.5, 0.8 }
    local target = flow.exact.mixture { means = means, std = std, weights = { 1, 3 } }
    local x1 = target:sample(200, case.rng)
    local want = x1:totable()
    for i, x in ipairs(want) do
      local p = 0
      for k, m in ipairs(means) do
        p = p + ({ 0.25, 0.75 })[k] * math.exp(-((x[1] - m[1]) ^ 2 + (x[2] - m[2]) ^ 2) / (2 * std[k] ^ 2)) / (2 * math.pi * std[k] ^ 2)
      end
      want[i] = math.log(p)
    end
    local o <const> = { rtol = tolerance, atol = tolerance }
    case:row("log-density of a mixture", case.apart(flow.log_prob(target, x1, o), fm.tensor(want)), 200 * tolerance,
      ("200 times the tolerance, %g"):format(tolerance))

    local steps <const> = { method = "rk4", steps = 20 }
    local random <const> = { method = "rk4", steps = 20, divergence = "hutchinson", probes = 8, rng = case.rng }
    case:mean("Hutchinson's trace less the exact", flow.log_prob(target, x1, random) - flow.log_prob(target, x1, steps), 0)

    local model = fm.nn.vector_field { dim = 2, hidden = 32, time_embed = 8 }
    for _, p in ipairs(model:parameters()) do p:copy(p:detach() * 2) end -- velocities of a size that matters
    local points, area = grid(70, 7)
    local density = flow.log_prob(model, points, { method = "rk4", steps = 10 }):exp()
    local still = (points:square():sum(2) * -0.5):exp() / (2 * math.pi)
    if case.apart(density, still) < 0.03 then error "the network moves nothing, so its density says nothing" end
    case:row("integral of a network's density", math.abs(density:sum():item() * area - 1), 1e-3,
      "cells of side 0.2 for a smooth density, which ends inside of [-7, 7], and a solver of order 4 in 10 steps")
  end,
}
