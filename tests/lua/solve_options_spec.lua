-- Options of solvers, of diffusion's samplers, and of what is solved: the default is the one that
-- the reference names, and what is given counts.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local option_values <const> = dofile "tests/lua/option_values.lua"

local flow <const>, ode <const>, sde <const>, diffusion <const> = fm.flow, fm.ode, fm.sde, fm.diffusion

local x <const> = fm.rng(1):normal(3, 4)

local function decay(z) return z * -3 end
local function bend(z, t) return z * -2 * (type(t) == "number" and t or t:reshape(-1, 1)) + 1 end

local function solved(o)
  local z, info = ode.solve(decay, x, o)
  return { z, info.nfe, info.times or false }
end

--- call(o) of a solve along a grid with these options.
local function on_grid(name)
  return function(o)
    local grid = { name }
    for key, value in pairs(o) do grid[key] = value end
    return (ode.solve(decay, x, { method = "heun", steps = 9, grid = grid }))
  end
end

local mixing <const> = fm.rng(5):normal(4, 4)
local function mixed(z) return z:matmul(mixing):sin() end

local function noisy(o)
  o.rng = fm.rng(2)
  return (sde.solve(bend, x, o))
end

local function equation(o)
  o.rng = fm.rng(2)
  return (sde.solve({ drift = decay, diffusion = function(z) return z end }, x, o))
end

local function sampled(o)
  o.rng = fm.rng(2)
  local z, info = diffusion.sample(bend, x, o)
  return { z, info.nfe, info.t }
end

local exact <const> = flow.exact.gaussian { mean = { 1, 2, 3, 4 }, std = 0.5 }

local function along(measure)
  return function(o)
    local value, info = measure(bend, x, o)
    return { value, info.nfe }
  end
end

local function density(o)
  o.rng = fm.rng(2)
  local log_p, info = flow.log_prob(mixed, x, o)
  return { log_p, info.nfe }
end

local function filled(o)
  o.rng = fm.rng(2)
  local z, info = flow.inpaint(mixed, x, fm.tensor { 1, 0, 1, 0 }, o)
  return { z, info.nfe }
end

local heun <const>, edm <const> = { method = "heun" }, { method = "edm_heun", path = "ve" }
local linear <const> = { method = "edm_heun", path = "linear", steps = 5 }
local churned <const> = { method = "edm_heun", path = "linear", churn = 5, steps = 9 }
local small <const> = diffusion.schedule("cosine", { steps = 6 })

local rows <const> = {
  { "ode.solve", solved, "method", "dopri5", "tsit5" },
  { "ode.solve", solved, "rtol", 1e-5, 1.2e-5 },
  { "ode.solve", solved, "atol", 1e-5, 1.2e-5 },
  { "ode.solve", solved, "t0", 0, 0.1 },
  { "ode.solve", solved, "t1", 1, 1.1 },
  { "ode.solve", solved, "t1", 1, 1.1, with = heun },
  { "ode.solve", solved, "controller", "scipy", "pi" },
  { "ode.solve", solved, "control", "batch", "sample" },
  { "ode.solve", solved, "max_step", 1, 0.01 },
  { "ode.solve", solved, "steps", 100, 101, with = heun },
  { "ode.solve", solved, "grid", "uniform", "cosine", with = { method = "heun", steps = 9 } },
  { "grid edm", on_grid "edm", "rho", 7, 6 },
  { "grid edm", on_grid "edm", "sigma_min", 0.002, 0.003 },
  { "grid shift", on_grid "shift", "s", 3, 2 },

  { "sde.solve of a flow", noisy, "last", "tweedie", "mean", with = { w = 0.3, steps = 4 } },
  { "sde.solve of a flow that ends early", noisy, "last", "plain", "mean", with = { w = 0.3, steps = 4, t1 = 0.9 } },
  { "sde.solve of a flow", noisy, "guard", 1e-3, 2e-3, with = { w = 0.3, last = "plain", grid = { 0.5, 0.9995, 1 } } },
  { "sde.solve of a flow", noisy, "path", "linear", "cosine", with = { w = 0.3, steps = 4 } },
  { "sde.solve of a flow", noisy, "steps", 100, 99, with = { w = 0.3 } },
  { "sde.solve", equation, "method", "euler_maruyama", "heun", with = { steps = 4 } },
  { "sde.solve", equation, "first_row", 1, 2, with = { steps = 4 } },
  { "sde.solve", equation, "t0", 0, 0.5, with = { steps = 4 } },
  { "sde.solve", equation, "t1", 1, 0.5, with = { steps = 4 } },

  { "diffusion.sample", sampled, "method", "ancestral", "edm_heun", with = { schedule = small } },
  { "ddim", sampled, "eta", 0, 0.5, with = { method = "ddim", schedule = small } },
  { "ddim", sampled, "steps", 6, 3, with = { method = "ddim", schedule = small } },
  { "edm_heun", sampled, "steps", 18, 17, with = edm },
  { "edm_heun", sampled, "rho", 7, 6, with = linear },
  { "edm_heun", sampled, "sigma_min", 0.002, 0.003, with = linear },
  { "edm_heun", sampled, "sigma_max", 80, 79, with = linear },
  { "edm_heun", sampled, "predict", "velocity", "noise", with = linear },
  { "edm_heun", sampled, "churn", 0, 1, with = linear },
  { "edm_heun", sampled, "churn_min", 0, 1, with = churned },
  { "edm_heun", sampled, "churn_max", math.huge, 1, with = churned },
  { "edm_heun", sampled, "churn_noise", 1, 1.1, with = churned },

  { "flow.straightness", along(flow.straightness), "method", "rk4", "euler", with = { steps = 4 } },
  { "flow.straightness", along(flow.straightness), "steps", 100, 99 },
  { "flow.path_energy", along(flow.path_energy), "method", "rk4", "euler", with = { steps = 4 } },
  { "flow.map_sample", function(o) return (flow.map_sample(function(z) return z end, x, o)) end, "steps", 1, 2 },
  { "flow.log_prob", density, "divergence", "exact", "hutchinson" },
  { "flow.log_prob", density, "probes", 1, 2, with = { divergence = "hutchinson" } },
  { "flow.log_prob", density, "first_row", 1, 2, with = { divergence = "hutchinson" } },
  { "flow.log_prob", density, "path", "linear", "ve" },
  { "flow.inpaint", filled, "path", "linear", "cosine" },
  { "flow.inpaint", filled, "resample", 1, 2, with = { method = "euler" } },
  { "flow.inpaint with resample", filled, "steps", 50, 49, with = { resample = 2 } },
  { "flow.inpaint with resample", filled, "method", "euler", "heun", with = { resample = 2 } },
  { "flow.reflow", function(o)
    o.x0, o.rng = 1025, fm.rng(3)
    return select(3, flow.reflow(exact, o)).blocks
  end, "block", 1024, 1025, with = { method = "euler", steps = 1, dim = 4 } },
}

describe("options of solves:", function()
  checks.no_bytes_stay(setup, teardown)
  option_values(it, rows)
end)
