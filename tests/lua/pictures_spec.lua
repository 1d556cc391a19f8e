-- Pictures as pictures: whatever takes points takes [N, C, H, W] as well, and gives bit for bit
-- what it gives for the same numbers as [N, D], in the shape of the pictures.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local data <const>, flow <const>, metrics <const>, ode <const>, sde <const> = fm.data, fm.flow, fm.metrics, fm.ode, fm.sde

local n <const>, c <const>, h <const>, w <const> = 8, 3, 4, 5
local labels <const> = fm.tensor { 1, 2, 1, 2, 3, 3, 1, 2 }

local function samples(name, rows) return fm.rng(1, name):normal(rows or n, c, h, w) end

-- A number for each row, beside x.
local function beside(x, rows)
  local shape = { #rows }
  for axis = 2, x:rank() do shape[axis] = 1 end
  return rows:reshape(shape)
end

-- A velocity that sees each number alone; t is a number or [A], cond labels [A].
local function velocity(x, t, cond)
  local slope = type(t) == "number" and x * (t - 1.5) or x * (beside(x, t) - 1.5)
  return cond and slope + beside(x, cond) * 0.25 or slope + 0.5
end

-- A number as the text of its bits; a tensor as the list of them, and its shape, in which a picture
-- is a word.
local function plain(value)
  if not fm.is_tensor(value) then return type(value) == "number" and ("%a"):format(value) or value end
  local list = value:reshape(-1):totable()
  for i, number in ipairs(list) do list[i] = ("%a"):format(number) end
  list.shape = table.concat(value:shape(), ", "):gsub("3, 4, 5$", "a picture"):gsub("60$", "a flat picture")
  return list
end

-- The things that take points: name -> function(as) -> a list of numbers and tensors, where as(x)
-- has the rows of x as pictures, or flat.
local takes <const> = {}

-- ---- data ----

function takes.batches(as)
  local results, next_batch = {}, data.batches(as(samples "x"), 3, { rng = fm.rng(2), labels = { labels, as(samples "y") } })
  for x, l, y in next_batch do
    for _, value in ipairs { x, l, y } do results[#results + 1] = value end
  end
  return results
end

for _, coupling in ipairs { "independent", "ot", "conditional_ot", { "sinkhorn", reg = 10 } } do
  local name = type(coupling) == "table" and coupling[1] or coupling
  takes["pairs with " .. name] = function(as)
    local results = {}
    for _, source in ipairs { as(samples "source"), function(k, rng) return as(rng:normal(k, c, h, w)) end, false } do
      for x0, x1, cond, y in flow.pairs(source or nil, as(samples "x"), { size = 3, ot_size = 6, coupling = coupling, cond = labels,
        with = { as(samples "y") }, rng = fm.rng(2) }) do
        for _, value in ipairs { x0, x1, cond, y } do results[#results + 1] = value end
      end
    end
    return results
  end
  takes["the coupling " .. name] = function(as)
    local couple = flow.coupling(name, name == "sinkhorn" and { reg = 10, rng = fm.rng(3) } or nil)
    return { couple(as(samples "x"), as(samples "y"), labels) }
  end
end

function takes.semidiscrete(as)
  local couple = flow.coupling { "semidiscrete", data = as(samples "x"), rng = fm.rng(3), steps = 5, batch = 16 }
  couple:fit()
  local x0, x1, index = couple(as(samples("y", 4)))
  return { x0, x1, index }
end

function takes.transport_plan(as)
  return { (flow.transport_plan(as(samples "x"), as(samples "y"), { reg = 50 })) }
end

-- ---- losses ----

for _, path in ipairs { "linear", "vp", "ve", "cosine", { "i_cfm", sigma = 0.1 }, { "interpolant", gamma = "sqrt" } } do
  takes["loss on " .. (type(path) == "table" and path[1] or path)] = function(as)
    local results = {}
    for _, o in ipairs { {}, { coupling = "ot" }, { cond = labels, drop = 0.5, null = 0 }, { loss = "huber" }, { loss = "pseudo_huber" },
      { time = "stratified", weight = function(t) return t + 1 end } } do
      o.rng, o.path = fm.rng(4), path
      results[#results + 1] = flow.loss(velocity, as(samples "x"), o)
    end
    return results
  end
end

for _, predict in ipairs { "data", "noise", "score" } do
  takes["loss of " .. predict] = function(as)
    local results = {}
    for _, compare in ipairs { "velocity", "data", "noise" } do
      results[#results + 1] = flow.loss(velocity, as(samples "x"), { rng = fm.rng(4), predict = predict, compare = compare })
    end
    results[#results + 1] = flow.loss(velocity, as(samples "x"), { rng = fm.rng(4), predict = predict, weight = "snr" })
    results[#results + 1] = flow.convert(as(samples "x"), predict, "velocity", as(samples "y"), fm.linspace(0.1, 0.9, n))
    results[#results + 1] = flow.velocity(velocity, { predict = predict })(as(samples "x"), 0.5)
    return results
  end
end

function takes.loss_floor(as)
  local floor, info = flow.loss_floor(as(samples "x"), { draws = 6 })
  return { floor, info.floor, (flow.loss_floor(as(samples "x"), { draws = 6, t = { 0.3 }, subset = 4, rng = fm.rng(5) })) }
end

-- ---- solvers ----

for _, method in ipairs { "euler", "rk4", "ab3", "dopri5", "tsit5", "dop853", "adaptive_heun" } do
  takes["ode " .. method] = function(as)
    local x, info = ode.solve(velocity, as(samples "x"), { method = method, save = 4, cond = labels })
    local y, dense = ode.solve(velocity, as(samples "x"), { method = method, times = { 0, 0.21, 0.7, 1 } })
    return { x, info.states, info.nfe, y, dense.states, dense.t }
  end
end

for _, method in ipairs { "dopri5", "tsit5", "dop853" } do
  takes["ode row by row " .. method] = function(as)
    local x, info = ode.solve(velocity, as(samples "x"), { method = method, control = "sample", cond = labels })
    return { x, info.rows.nfe, info.rows.error }
  end
end

function takes.gradient(as)
  local results = {}
  for _, memory in ipairs { "full", "segments" } do
    local x0 = fm.parameter(as(samples "x"))
    local tape <close> = fm.record()
    local x = ode.solve(velocity, x0, { method = "rk4", steps = 6, memory = memory })
    x:square():sum():backward()
    results[#results + 1] = x0:grad():clone():detach()
  end
  return results
end

function takes.events(as)
  local x, info = ode.solve(velocity, as(samples "x"), { save = "steps", events = { function(z) return z:mean():item() - 0.1 end } })
  return { x, info.states, #info.events[1].x > 0 and info.events[1].x[1] or 0 }
end

for _, method in ipairs { "euler_maruyama", "heun" } do
  takes["sde " .. method] = function(as)
    local noise = method == "euler_maruyama" and 0.3 or 0
    local x, info = sde.solve(velocity, as(samples "x"), { method = method, w = noise, rng = fm.rng(6), steps = 5, save = 3, cond = labels })
    local y = sde.solve({ drift = velocity, diffusion = 0.3 }, as(samples "x"), { method = method, rng = fm.rng(6), steps = 5 })
    local z = sde.solve({ drift = velocity, diffusion = function(v) return v * 0.1 end }, as(samples "x"), { method = method, rng = fm.rng(6), steps = 5 })
    return { x, info.states, y, z }
  end
end

-- ---- what is made of a velocity ----

function takes.guidance(as)
  local results, x = {}, as(samples "x")
  for _, kind in ipairs { "cfg", "cfg_zero_star" } do
    for _, t in ipairs { 0.4, fm.linspace(0, 1, n) } do
      results[#results + 1] = flow.guidance(velocity, { cond = labels, null = 4, scale = 2, kind = kind, interval = { 0.2, 0.8 } })(x, t)
    end
    local field = flow.guidance(velocity, { cond = labels, null = 4, scale = function(t) return t + 1 end, kind = kind })
    results[#results + 1] = ode.solve(field, x, { control = "sample" })
  end
  results[#results + 1] = flow.guidance(velocity, { cond = labels, weak = function(v) return v * 0.5 end, scale = 3 })(x, 0.5)
  return results
end

function takes.inpaint(as)
  local known, mask = as(samples "x"), as(fm.rng(7):uniform(n, c, h, w):gt(0.5))
  local x, info = flow.inpaint(velocity, known, mask, { rng = fm.rng(8), cond = labels, save = 3 })
  return { x, info.states, info.x0, (flow.inpaint(velocity, known, mask, { rng = fm.rng(8), resample = 3, steps = 4 })),
    (flow.inpaint(velocity, known, mask, { x0 = as(samples "y"), control = "sample" })) }
end

function takes.log_prob(as)
  local x = as(samples "x")
  local exact, info = flow.log_prob(velocity, x, { method = "rk4", steps = 2, cond = labels })
  local results = { exact, info.x0, info.divergence }
  for _, control in ipairs { "batch", "sample" } do
    local estimate, about = flow.log_prob(velocity, x, { divergence = "hutchinson", probes = 2, rng = fm.rng(9), control = control })
    for _, value in ipairs { estimate, about.x0, about.standard_error } do results[#results + 1] = value end
  end
  results[#results + 1] = flow.log_prob(velocity, x, { method = "rk4", steps = 2, path = "ve" })
  return results
end

function takes.bits_per_dimension(as)
  local levels = as(fm.rng(10):integers({ n, c, h, w }, 0, 7)) / 7
  return { (flow.bits_per_dimension(velocity, levels, { bins = 8, rng = fm.rng(11), method = "rk4", steps = 2 })),
    flow.dequantise(levels, { bins = 8, rng = fm.rng(11) }) }
end

function takes.others(as)
  local x, t = as(samples "x"), fm.linspace(0.1, 0.9, n)
  local e = flow.exact.empirical { points = as(samples "y") }
  local score, v = flow.score(velocity)(x, t)
  local late, early = flow.posterior(velocity)(x, t)
  local _, straight = flow.straightness(velocity, x, { steps = 3 })
  local x0, x1 = flow.reflow(velocity, { x0 = x, method = "euler", steps = 3, block = 3 })
  return { e(x, t), e:score(x, 0.5), e:mean(x, t), e:posterior(x, t), score, v, late, early, straight.each, straight.x1, x0, x1,
    (flow.encode(velocity, x)), (flow.decode(velocity, x, { cond = labels })), (flow.path_energy(velocity, x, { steps = 3 })),
    (flow.normalized_path_energy(velocity, x, 2, { steps = 3 })), flow.reschedule(velocity, "linear", "vp")(x, t) }
end

function takes.check_pairs(as)
  local ok, info = flow.check_pairs(as(samples "x"), as(samples "x") + 2, { rng = fm.rng(12) })
  local _, with_model = flow.check_pairs(as(samples "x"), as(samples "y"), { model = velocity, rows = 3, method = "euler", steps = 3 })
  return { ok, info.x0, info.x1, with_model.forward or with_model }
end

-- ---- metrics ----

for _, name in ipairs { "wasserstein1", "wasserstein2", "sliced_wasserstein2", "mmd", "energy_distance", "frechet_distance", "kid", "precision_recall",
  "density_coverage" } do
  takes["metrics." .. name] = function(as)
    local x, y = as(samples("a", 12)), as(samples("b", 12))
    local low, high = metrics.interval(name, x, y, { draws = 3, rng = fm.rng(13) })
    local results = { low, high, metrics[name](x, y) }
    for _, value in ipairs { metrics[name].floor(x, y, { draws = 2 }) } do results[#results + 1] = value end
    return results
  end
end

takes["the other metrics"] = function(as)
  local x, y, z = as(samples("a", 12)), as(samples("b", 12)), as(samples("c", 3))
  local index, distance = metrics.nearest(x, y)
  local share, entropy, hits = metrics.mode_coverage(x, z, 9)
  local same, ratio = metrics.memorisation(x, y, as(samples("d", 5)))
  return { index, distance, share, entropy, hits, same, ratio,
    metrics.c2st(x, y, { folds = 2, steps = 3, hidden = { 4 }, batch = 4, rng = fm.rng(15) }) }
end

takes["metrics.pca, which gives components [D, k] and a mean [D]"] = function(as)
  local rows, components, mean = metrics.pca(as(samples("a", 12)), 2)
  return { rows, components:reshape(2 * c * h * w), mean:reshape(c, h * w) }
end

-- ---- plots ----

local function drawn(picture)
  local path = os.tmpname() .. ".png"
  assert(picture:save(path))
  local text = fm.file.read(path)
  os.remove(path)
  os.remove((path:gsub("%.png$", "")))
  return text
end

takes["plot.image_grid"] = function(as)
  local sizes = { channels = c, height = h, width = w, range = { -2, 2 }, labels = labels, columns = 3 }
  return { drawn(fm.plot.image_grid(as(samples "x"), sizes)) }
end

describe("pictures", function()
  checks.no_bytes_stay(before_each, after_each)

  local function as_pictures(x) return x:reshape(#x, c, h, w) end
  local function flat(x) return x:reshape(#x, c * h * w) end

  it("go through a training, solvers, guidance and likelihoods with a network for pictures", function()
    fm.nn.seed(fm.rng(1))
    local nn <const> = fm.nn
    for _, model in ipairs { nn.unet { channels = 1, width = 8, multipliers = { 1, 2 }, attention = { 4 }, heads = 2, classes = 3 },
      nn.dit { channels = 1, size = 8, patch = 4, dim = 16, heads = 2, layers = 1, classes = 3 } } do
      local scope <close> = fm.scope()
      local x, known = fm.rng(2):normal(n, 1, 8, 8), labels
      local opt, rng = fm.optim.adam(model), fm.rng(3)
      for x0, x1, cond in flow.pairs(nil, x, { size = 4, coupling = "ot", cond = known, rng = rng }) do
        opt:step(function() return flow.loss(model, data.augment(x1, { flip = true, rng = rng }), { x0 = x0, cond = cond, drop = 0.5, rng = rng }) end)
      end
      local field = flow.guidance(model, { cond = known, scale = 2 })
      for _, control in ipairs { "batch", "sample" } do
        local y, info = ode.solve(field, x, { rtol = 1e-2, control = control, save = control == "batch" and 3 or nil })
        assert.same({ n, 1, 8, 8 }, y:shape())
        if control == "batch" then checks.same(y, info.states[3]) end
        local alone = ode.solve(flow.guidance(model, { cond = known[{ 1, 1 }], scale = 2 }), x[{ 1, 1 }], { rtol = 1e-2, control = "sample" })
        if control == "sample" then checks.near(alone, y[{ 1, 1 }], 1e-4) end
      end
      assert.same({ n, 1, 8, 8 }, flow.inpaint(model, x, fm.ones(8):gt(0.5), { rng = rng, cond = known, method = "euler", steps = 2 }):shape())
      assert.same({ n, 1, 8, 8 }, sde.solve(model, x, { w = 0.1, rng = rng, steps = 2, cond = known }):shape())
      local estimate = flow.log_prob(model, x, { divergence = "hutchinson", rng = rng, method = "euler", steps = 2, cond = known, path = "linear" })
      assert.same({ n }, estimate:shape())
      assert.equal(0, estimate:ne(estimate):sum():item())
    end
  end)

  for _, name in ipairs(require "fm.parts.sorted_keys"(takes)) do
    it("go through " .. name, function()
      local function results(as)
        local scope <close> = fm.scope()
        local list = takes[name](as)
        for i, value in ipairs(list) do list[i] = plain(value) end
        return list
      end
      local expected, found = results(flat), results(as_pictures)
      for _, value in ipairs(expected) do
        if type(value) == "table" then value.shape = value.shape:gsub("a flat picture", "a picture") end
      end
      assert.same(expected, found)
    end)
  end
end)
