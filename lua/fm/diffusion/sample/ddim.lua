-- ddim{steps = T, eta = 0}: over `steps` indices k_i = round(i T / steps), from what the model says
-- of the data at one index straight to the next. eta = 0 adds no noise: it is a solver of the
-- probability flow; eta = 1 adds as much as ancestral. Song, Meng and Ermon 2021, equation 12.
local bounded <const> = require "fm.diffusion.sample.parts.bounded"
local options <const> = require "fm.parts.options"
local schedules <const> = require "fm.diffusion.schedule"

-- The indices of the chain, the noisiest first, then 0 for the data.
local function indices(T, steps)
  local list = {}
  for i = steps, 0, -1 do list[#list + 1] = math.floor(i * T / steps + 0.5) end
  return list
end

return {
  options = { schedule = options.none, steps = options.none, eta = 0 },
  chain = function(o, where)
    local schedule = schedules.of(where, o.schedule)
    local T <const>, a <const>, s <const> = schedule.steps, schedule.a, schedule.s
    local ks = indices(T, o.steps == nil and T or options.integer(where .. ": steps", o.steps, 1, T))
    local within = bounded(o, where)
    local eta = options.number(where .. ": eta", o.eta, 0, 1)
    local times = {}
    for i, k in ipairs(ks) do times[i] = 1 - k / T end
    return {
      times = times,
      draws = eta > 0 and #ks > 2,
      step = function(model, x, i, draw)
        local k, next = ks[i], ks[i + 1]
        local a1, s1 = a[next] or 1, s[next] or 0 -- 0: the data
        local ratio = a1 / a[k]
        local fresh = eta * (s1 / s[k]) * (1 - (a[k] / a1) ^ 2) ^ 0.5
        local noise = within(model(x, times[i]), x, a[k], s[k])
        local y = x * ratio + noise * (math.max(s1 * s1 - fresh * fresh, 0) ^ 0.5 - ratio * s[k])
        if fresh == 0 then return y end
        return y + draw() * fresh
      end,
    }
  end,
}
