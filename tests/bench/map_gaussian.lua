-- map_gaussian: how far trained maps are from the map that is known in closed form, from N(0, I) to
-- N((1, -2), 0.5^2 I): the root mean square of the difference, divided by that of the map, after 1,
-- 2 and 4 evaluations, and for maps between any two times. Usage:
--   fmrun --threads 1 tests/bench/map_gaussian.lua [STEPS [kind ...]]     15000 steps
local fm <const> = require "fm"
local flow, nn, optim = fm.flow, fm.nn, fm.optim

local steps <const> = math.tointeger(arg[1]) or 15000
local kinds <const> = #arg > 1 and { table.unpack(arg, 2) } or { "lsd", "psd", "meanflow" }
local mean <const> = fm.tensor { { 1, -2 } }
local exact <const> = flow.exact.gaussian { mean = mean, std = 0.5 }
local noise <const> = fm.rng(7):normal(2000, 2)

local function at(t) -- where the flow has taken the noise at times [B]
  t = t:reshape(-1, 1)
  return noise * ((t * 0.5):square() + (1 - t):square()):sqrt() + mean * t
end

local function off(x, want) return ((x - want):square():mean() / want:square():mean()):item() ^ 0.5 end

for _, kind in ipairs(kinds) do
  nn.seed(1)
  local model, rng = nn.vector_field { dim = 2, hidden = 64, time_embed = 32, times = 2 }, fm.rng(1)
  local opt = optim.adam(model, { lr = optim.cosine { lr = 4e-3, steps = steps } })
  local ema = optim.ema(model, { decay = 0.99 })
  local start = fm.system.seconds()
  for step = 1, steps do
    rng:at(step)
    local x1 = exact:sample(512, rng:stream "data")
    opt:step(function() return flow.map_loss(kind, model, x1, { rng = rng }) end)
    ema:update()
  end
  local seconds = fm.system.seconds() - start
  ema:swap(function()
    local words = {}
    for i, n in ipairs { 1, 2, 4 } do words[i] = ("%d: %.4f"):format(n, off(flow.map_sample(model, noise, { steps = n }), exact:map(noise))) end
    local a, b = fm.rng(3):uniform(2000), fm.rng(4):uniform(2000)
    local s, t = a:minimum(b), a:maximum(b)
    print(("%-18s %s  any: %.4f  (%.0f s)"):format(kind, table.concat(words, "  "), off(flow.map(model)(at(s), s, t), at(t)), seconds))
  end)
end
