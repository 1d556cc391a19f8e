-- ancestral: a step for each index of the schedule, with the noise of the posterior of x_{k-1}
-- given x_k and x1: variance beta_k (1 - abar_{k-1}) / (1 - abar_k), none at k = 1. Ho et al. 2020,
-- algorithm 2. For fewer steps take ddim with eta = 1, which with all of them is the same chain.
local fm <const> = require "fm"
local bounded <const> = require "fm.diffusion.sample.parts.bounded"
local options <const> = require "fm.parts.options"
local schedules <const> = require "fm.diffusion.schedule"

return {
  options = { schedule = options.none, steps = options.none },
  chain = function(o, where)
    local schedule = schedules.of(where, o.schedule)
    local T <const>, beta <const>, a <const>, s <const> = schedule.steps, schedule.beta, schedule.a, schedule.s
    local within = bounded(o, where)
    if o.steps ~= nil and options.integer(where .. ": steps", o.steps, 1) ~= T then
      fm.fail(('%s: steps: ancestral takes all %d of the schedule; for %d give method = "ddim", eta = 1'):format(where, T, o.steps))
    end
    local times = {}
    for i = 0, T do times[i + 1] = i / T end
    return {
      times = times,
      draws = T > 1,
      step = function(model, x, i, draw)
        local k = T + 1 - i
        local kept = (1 - beta[k]) ^ 0.5
        local y = x / kept - within(model(x, times[i]), x, a[k], s[k]) * (beta[k] / (s[k] * kept))
        if k == 1 then return y end
        return y + draw() * (beta[k] ^ 0.5 * s[k - 1] / s[k])
      end,
    }
  end,
}
