-- Log-densities by a solve: of a mixture against its formula, with its slope where a tape records,
-- by random traces against the exact one, and of an untrained network by their integral, which is 1
-- whatever the network says.
local fm <const> = require "fm"

local flow <const> = fm.flow

-- The centres of the cells of a grid over [-r, r]^2, and the area of a cell.
local function grid(n, r)
  local at = (fm.range(1, n) - 0.5) * (2 * r / n) - r
  local first, second = fm.zeros(n, n) + at:reshape(-1, 1), fm.zeros(n, n) + at:reshape(1, -1)
  return fm.cat(first:reshape(-1, 1), second:reshape(-1, 1), 2), (2 * r / n) ^ 2
end

local means <const>, std <const>, weights <const> = { { -2, 0 }, { 1, 1.5 } }, { 0.5, 0.8 }, { 0.25, 0.75 }

-- The log-density of the mixture and its slopes at each of the points.
local function by_formula(points)
  local log_p, slopes = {}, {}
  for i, x in ipairs(points:totable()) do
    local p, slope = 0, { 0, 0 }
    for k, m in ipairs(means) do
      local part = weights[k] * math.exp(-((x[1] - m[1]) ^ 2 + (x[2] - m[2]) ^ 2) / (2 * std[k] ^ 2)) / (2 * math.pi * std[k] ^ 2)
      p = p + part
      for j = 1, 2 do slope[j] = slope[j] + part * (m[j] - x[j]) / std[k] ^ 2 end
    end
    log_p[i], slopes[i] = math.log(p), { slope[1] / p, slope[2] / p }
  end
  return fm.tensor(log_p), fm.tensor(slopes)
end

local function mixture(case)
  local tolerance <const> = fm.real == "double" and 1e-7 or 1e-5
  local target = flow.exact.mixture { means = means, std = std, weights = weights }
  local x1 = target:sample(200, case.rng)
  local o <const>, why <const> = { rtol = tolerance, atol = tolerance }, ("200 times the tolerance, %g"):format(tolerance)
  local log_p, slopes = by_formula(x1)
  case:row("log-density of a mixture", case.apart(flow.log_prob(target, x1, o), log_p), 200 * tolerance, why)

  local x = fm.parameter(x1[{ 1, 40 }])
  local tape <close> = fm.record()
  local recorded = flow.log_prob(target, x, o)
  recorded:sum():backward()
  case:row("log-density of a mixture on a tape", case.apart(recorded, log_p[{ 1, 40 }]), 200 * tolerance, why)
  case:row("its slope on a tape", case.apart(x:grad(), slopes[{ 1, 40 }]), 2000 * tolerance, why .. ", and 10 for slopes")
end

-- Of the velocity x A, for signs e a trace is e1^2 A11 + e2^2 A22 + e1 e2 (A12 + A21): one of two
-- numbers, each as often.
local function traces(case)
  local A <const>, apart <const>, n <const> = fm.tensor { { 0.3, 0.9 }, { -0.2, 0.5 } }, 0.7, 4000
  local function model(x) return x:matmul(A) end
  local x = fm.parameter(case.rng:normal(n, 2))
  local o <const> = { method = "rk4", steps = 5, divergence = "hutchinson", rng = case.rng }
  local function check(what)
    local _, info = flow.log_prob(model, x, o)
    local off = info.divergence:detach() - 0.8
    case:row(("a random trace of a line, %s"):format(what), case.apart(off:abs(), apart), 50 * case.rounding, "50 roundings")
    case:mean(("mean of random traces, %s"):format(what), off, 0)
  end
  check "plain"
  local tape <close> = fm.record()
  check "recorded"
end

return {
  about = "log-densities by a solve: a mixture's formula and score, random traces, an integral that must be 1",
  seconds = 3,
  run = function(case)
    mixture(case)
    traces(case)

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
