#!/usr/bin/env fmrun
-- Quality against cost: every solver, steps and tolerance from one model, by W2 to the data and
-- calls of the model. A setting is dominated when another setting is no worse in both; the floor is
-- the mean W2 of true samples against each other.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

local scale <const> = 5 -- the network sees the moons enlarged, as that of toy2d_moons does

local function train(run, p, model)
  local points = (data.moons { n = 10000, noise = 0.05, rng = run.rng:stream "data" } - 0.5) * scale
  local opt = optim.adam(model, { lr = optim.cosine { lr = 8e-3, steps = p.steps } })
  run:keeps { model = model, opt = opt }
  for _, x1 in run:steps(p.steps, data.batches(points, 256, { rng = run.rng:stream "batches" })) do
    run:log { loss = opt:step(function() return flow.loss(model, x1, { rng = run.rng }) end) }
  end
end

local function load(path, model)
  local tensors = assert(fm.load(path))
  for name, own in pairs(model:state()) do own:copy(tensors["model." .. name]) end
end

return fm.experiment {
  name = "solver_pareto",
  params = {
    checkpoint = { "", "a checkpoint of this or of toy2d_moons; trained here when empty" },
    steps = { 6000, "optimizer steps", min = 1 }, hidden = { 256, "width of the network", min = 1 },
    samples = { 1000, "points of each sample", min = 2 },
  },
  run = function(run, p)
    local model, rows, floor = nn.vector_field { dim = 2, hidden = p.hidden }, {}, 0
    if p.checkpoint == "" then train(run, p, model) else load(p.checkpoint, model) end
    model:eval()
    local function true_sample(name) return data.moons { n = p.samples, noise = 0.05, rng = run.rng:stream(name) } end
    local noise, truth = run.rng:stream "sample":normal(p.samples, 2), true_sample "truth" -- the same for all settings
    for i = 1, 5 do floor = floor + metrics.wasserstein2.floor(true_sample("other " .. i), truth) / 5 end
    local function try(series, name, how)
      local x, info = ode.solve(model, noise, how)
      rows[#rows + 1] = { series = series, name = name, nfe = info.nfe, w2 = metrics.wasserstein2(x / scale + 0.5, truth) }
    end
    local by_steps = { name = "fixed steps", x = {}, y = {}, points = true, faint = true, labels = {} }
    local by_tolerance = { name = "adaptive, by tolerance", x = {}, y = {}, points = true, faint = true, labels = {} }
    local front = { name = "not dominated", x = {}, y = {}, points = true, joined = true, labels = {} }
    for _, m in ipairs { "euler", "midpoint", "heun", "ralston", "heun3", "rk4", "rk4_38", "ab2", "ab3", "ab4" } do
      for _, n in ipairs { 1, 2, 4, 8, 16, 32, 64 } do try(by_steps, m .. " " .. n, { method = m, steps = n }) end
    end
    for _, m in ipairs { "adaptive_heun", "rk23", "rk45", "tsit5", "dop853" } do
      for _, e in ipairs { 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4 } do try(by_tolerance, m .. " " .. e, { method = m, rtol = e, atol = e }) end
    end
    table.sort(rows, function(a, b) return a.nfe < b.nfe or a.nfe == b.nfe and a.w2 < b.w2 end)
    local best, lines = math.huge, { "setting,nfe,w2,dominated" }
    for i, r in ipairs(rows) do
      local s = r.w2 < best and front or r.series
      s.x[#s.x + 1], s.y[#s.y + 1], s.labels[#s.labels + 1], best = r.nfe, r.w2, s ~= by_steps and r.name or "", math.min(best, r.w2)
      lines[i + 1] = ("%s,%d,%.5f,%s"):format(r.name, r.nfe, r.w2, s == front and "no" or "yes")
    end
    run:print(table.concat(lines, "\n"))
    run:save("pareto.csv", table.concat(lines, "\n") .. "\n")
    run:curve("quality", { x = front.x, y = front.y, xlabel = "model calls", ylabel = "W2 to the data", floor = floor, log = "xy" })
    run:summary { w2_floor = floor, w2_best = best, not_dominated = #front.x }
    run:picture("pareto", plot.curve({ by_steps, by_tolerance, front, { name = "floor", x = { 1, rows[#rows].nfe }, y = { floor, floor } } },
      { log = "xy", title = "Quality against cost of each solver", xlabel = "model calls", ylabel = "W2 to the data", width = 760, height = 460 }))
  end,
}
