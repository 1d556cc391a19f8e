-- The limits of options: what is refused names them, and they are these.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local diffusion <const>, discrete <const>, flow <const>, nn <const>, optim <const>, sde <const> = fm.diffusion, fm.discrete, fm.flow, fm.nn, fm.optim, fm.sde

local refused <const> = checks.raises_text
local nan <const> = 0 / 0

--- f(...) with a nan names the limits; high = nil: there is none above.
local function is_in(low, high, where, f, ...)
  local range = high and (" in %.14g..%.14g"):format(low, high) or (" >= %.14g"):format(low)
  refused(("%s: expected a number%s, found "):format(where, range), f, ...)
end

local function is_whole(low, high, where, f, ...)
  local range = high and (" in %.14g..%.14g"):format(low, high) or (" >= %.14g"):format(low)
  refused(("%s: expected a whole number%s, found "):format(where, range), f, ...)
end

describe("the limits", function()
  checks.no_bytes_stay(before_each, after_each)

  it("of paths, times, weights, losses and noises", function()
    local rooms <const> = {
      { flow.path, "path", { "poly", "n", 0.1, 100 }, { "lipman", "sigma_min", 0, 1 }, { "ve", "sigma_min", 1e-12, 1e12 }, { "ve", "sigma_max", 1e-12, 1e12 },
        { "vp", "beta_min", 0, 1e6 }, { "vp", "beta_max", 0, 1e6 }, { "i_cfm", "sigma", 0, 1e12 }, { "schrodinger_bridge", "sigma", 0, 1e12 } },
      { flow.time, "time", { "u_shaped", "a", 1e-3, 80 }, { "power", "a", -0.999, 1e6 }, { "logit_normal", "mean", -1e3, 1e3 },
        { "logit_normal", "std", 0, 1e3 } },
      { flow.weight, "weight", { "min_snr", "gamma", 1e-12, 1e12 }, { "edm", "sigma_data", 1e-6, 1e6 } },
      { flow.penalty, "loss", { "huber", "delta", 1e-12, 1e12 }, { "pseudo_huber", "c", 1e-12, 1e12 } },
      { flow.gamma, "gamma", { "sigmoid", "steepness", 1e-3, 1e3 }, { "sigmoid", "scale", 0, 1e12 }, { "sqrt", "scale", 0, 1e12 } },
      { diffusion.schedule, "schedule", { "cosine", "offset", 0, 1 }, { "cosine", "beta_max", 1e-12, 0.999999 } },
    }
    for _, room in ipairs(rooms) do
      local make <const>, kind <const> = room[1], room[2]
      for i = 3, #room do
        local name <const>, option <const>, low <const>, high <const> = table.unpack(room[i])
        is_in(low, high, ("%s %s: %s"):format(kind, name, option), make, name, { [option] = nan })
      end
    end
    is_whole(1, 1e6, "time grid: steps", flow.time, "grid", { steps = nan })
    for _, name in ipairs { "linear", "cosine" } do is_whole(1, 1e6, ("schedule %s: steps"):format(name), diffusion.schedule, name, { steps = nan }) end
  end)

  it("of losses of maps", function()
    local rng <const>, x1 <const> = fm.rng(1), fm.zeros(2, 2)
    local function loss(kind, given)
      given.rng = rng
      return flow.map_loss(kind, function(x) return x end, x1, given)
    end
    is_in(0, 10, "map_loss: power", loss, "lsd", { power = nan })
    is_in(0, 1e12, "map_loss: c", loss, "lsd", { c = nan })
    is_in(0, 1, "map_loss: share", loss, "meanflow", { share = nan })
    is_whole(0, 20, "map_loss shortcut: levels", loss, { "shortcut", levels = nan }, {})
    is_whole(1, 1e6, "map_loss consistency: segments", loss, { "consistency", segments = nan }, {})
    is_in(1e-9, 1, "map_loss consistency: delta", loss, { "consistency", delta = nan }, {})
    is_in(0, 1, "map_loss consistency: boundary", loss, { "consistency", boundary = nan }, {})
    is_in(0, 1e6, "map_loss consistency: alpha", loss, { "consistency", alpha = nan }, {})
  end)

  it("of loops that would take years", function()
    local x <const> = fm.rng(1):normal(4, 2)
    local function zero(a) return a * 0 end
    local function inpaint(o)
      o.x0, o.rng = x, fm.rng(1)
      return flow.inpaint(zero, x, fm.ones(4, 2), o)
    end
    is_whole(1, 1e9, "inpaint: steps", inpaint, { resample = 2, steps = math.maxinteger })
    is_whole(1, 1e6, "inpaint: resample", inpaint, { resample = 1e6 + 1 })
    is_whole(1, 1e9, "coupling semidiscrete: steps", flow.coupling, "semidiscrete", { data = x, steps = 1e9 + 1 })
    is_whole(1, 1e9, "coupling sinkhorn: iterations", flow.coupling, "sinkhorn", { iterations = 1e9 + 1 })
    is_whole(1, 1e9, "c2st: steps", fm.metrics.c2st, x, x, { steps = 1e9 + 1 })
    is_whole(2, 1e9, "interval: draws", fm.metrics.interval, "mmd", x, x, { draws = 1e9 + 1 })
    is_whole(1, 1e9, "mmd.floor: draws", fm.metrics.mmd.floor, x, x, { draws = 1e9 + 1 })
    is_whole(1, 1e9, "coverage: draws", fm.metrics.coverage, fm.zeros(3, 1), math.maxinteger)
    is_whole(1, 1e9, "plot.rank_histogram: draws", fm.plot.rank_histogram, fm.zeros(3, 1), math.maxinteger)
    is_whole(2, 1e9, "picture_quality: draws", fm.metrics.picture_quality, x, x, { draws = 1e9 + 1 })
  end)

  it("of chains of tokens", function()
    local path <const> = discrete.path { vocabulary = 3 }
    local function zero(x) return fm.zeros(#x, x:size(2), 3) end
    is_in(0.05, 1e3, "discrete.path: power", discrete.path, { vocabulary = 3, power = nan })
    is_whole(2, 2 ^ 24 - 1, "discrete.path: vocabulary", discrete.path, { vocabulary = nan })
    local given <const> = { path = path, rng = fm.rng(1), n = 1, length = 2 }
    for option, limits in pairs { steps = { 1, 1e6 }, corrections = { 0, 1e6 }, n = { 1, 2 ^ 31 }, length = { 1, 2 ^ 31 } } do
      local o <const> = { [option] = nan }
      for key, value in pairs(given) do o[key] = o[key] or value end
      is_whole(limits[1], limits[2], "discrete.sample: " .. option, discrete.sample, zero, o)
    end
  end)

  it("of optimizers and their schedules", function()
    local model <const> = nn.linear(1, 1)
    is_in(0, 1e30, "adam: weight_decay", optim.adam, model, { weight_decay = nan })
    is_in(0, 1e30, "sgd: weight_decay", optim.sgd, model, { weight_decay = nan })
    is_in(0, 1, "ema: decay", optim.ema, model, { decay = nan })
    is_whole(1, nil, "cosine: steps", optim.cosine, { steps = nan })
    is_whole(0, nil, "cosine: warmup", optim.cosine, { steps = 5, warmup = nan })
    is_in(0, 1, "cosine: floor", optim.cosine, { steps = 5, floor = nan })
    is_whole(1, nil, "step: every", optim.step, { every = nan })
  end)

  it("of noisy solves", function()
    local function solve(given)
      given.rng = fm.rng(1)
      return sde.solve(function(x) return x end, fm.zeros(2, 2), given)
    end
    is_in(0, 1e300, "sde.solve: w", solve, { w = nan })
    is_in(1e-9, 0.1, "sde.solve: guard", solve, { w = 1, guard = nan })
    is_in(0, 1, "sde.solve: t0", solve, { w = 1, t0 = nan })
    is_in(0, 1, "sde.solve: t1", solve, { w = 1, t1 = nan })
  end)
end)
