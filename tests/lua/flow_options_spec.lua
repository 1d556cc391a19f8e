-- Options of flow and of the metrics: the default is the one that the reference names, and what is
-- given counts.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local option_values <const> = dofile "tests/lua/option_values.lua"

local flow <const>, metrics <const> = fm.flow, fm.metrics

local x <const>, y <const> = fm.rng(1):normal(8, 2), fm.rng(2):normal(8, 2) + 1
local t <const> = fm.linspace(0, 1, 8)
local labels <const> = fm.tensor { 1, 2, 1, 2, 1, 2, 1, 2 }

local function column(s) return type(s) == "number" and s or s:reshape(-1, 1) end
local function model(z, at) return z * column(at) - 0.5 end
local function two_times(z, from, to) return z * 0.5 + column(from) - column(to) * 2 end
local function by_cond(z, _, cond) return z + cond end

local function loss(o)
  o.rng = fm.rng(3)
  return flow.loss(model, y, o)
end

local function map_loss(kind)
  return function(o)
    local own = { kind }
    for key, value in pairs(o) do
      if key ~= "c" and key ~= "share" and key ~= "power" and key ~= "time" and key ~= "path" then own[key], o[key] = value, nil end
    end
    o.rng = fm.rng(3)
    return flow.map_loss(own, kind == "consistency" and model or two_times, y, o)
  end
end

--- call(o) of what a room has by name, read by f.
local function named(room, name, f)
  return function(o) return f(room(name, o)) end
end

local function terms(path) return { path:coefficients(t) } end
local function drawn(sampler) return sampler(fm.rng(4), 64) end
local function each(penalty) return penalty.each(x) end
local function weighed(weight) return weight.weight(0.9, 0.1, 1, 0.05) end
local function gamma_of(gamma) return { gamma.gamma(0.3), gamma.dgamma(0.3) } end

--- call(o) of a field near both ends.
local function at_end(make)
  return function(o)
    local field = make(o)
    return { { field(x, 0.0005) }, { field(x, 0.9995) } }
  end
end

local function coupled(name, more)
  return function(o)
    o.rng = fm.rng(5)
    local couple = flow.coupling(name, o)
    local x0 = couple(x, y)
    return { x0, couple.info or more }
  end
end

local function guided(o)
  o.cond, o.null = fm.ones(8, 2), fm.zeros(8, 2)
  return flow.guidance(by_cond, o)(x, 0.3)
end

local function paired(o)
  o.rng = o.rng or fm.rng(6)
  local list = {}
  for x0, x1 in flow.pairs(x[{ 1, 5 }], y, o) do list[#list + 1] = { x0, x1 } end
  return list
end

local function metric(name, ...)
  local arguments <const> = { ... }
  return function(o)
    local given = table.move(arguments, 1, #arguments, 1, {})
    given[#given + 1] = o
    return { metrics[name](table.unpack(given)) }
  end
end

local rows <const> = {
  { "flow.loss", loss, "path", "linear", "cosine" },
  { "flow.loss", loss, "coupling", "independent", "ot" },
  { "flow.loss", loss, "time", "uniform", "stratified" },
  { "flow.loss", loss, "predict", "velocity", "data" },
  { "flow.loss", loss, "compare", "velocity", "data" },
  { "flow.loss", loss, "loss", "mse", "huber" },
  { "flow.loss", loss, "guard", 0.05, 0.1, with = { predict = "data", compare = "velocity", t = 0.97 } },
  { "flow.map_loss", map_loss "psd", "share", 0.5, 0.25 },
  { "flow.map_loss", map_loss "psd", "time", "uniform", "stratified" },
  { "flow.map_loss", map_loss "psd", "path", "linear", "cosine" },
  { "flow.map_loss", map_loss "psd", "power", 0, 1 },
  { "flow.map_loss", map_loss "psd", "c", 1e-3, 2e-3, with = { power = 1 } },
  { "psd", map_loss "psd", "m", "uniform", "midpoint" },
  { "shortcut", map_loss "shortcut", "levels", 7, 3 },
  { "alpha", map_loss "alpha", "alpha", 0.02, 0.03 },
  { "consistency", map_loss "consistency", "segments", 2, 3 },
  { "consistency", map_loss "consistency", "delta", 1e-3, 2e-3 },
  { "consistency", map_loss "consistency", "boundary", 0.9, 0.3 },
  { "consistency", map_loss "consistency", "alpha", 1e-5, 1 },
  { "flow.drift_loss", function(o) return flow.drift_loss(function() return x end, y, { x0 = x, tau = o.tau }) end, "tau", 0.05, 0.06 },

  { "poly", named(flow.path, "poly", terms), "n", 3, 2 },
  { "lipman", named(flow.path, "lipman", terms), "sigma_min", 1e-4, 2e-4 },
  { "vp", named(flow.path, "vp", terms), "beta_min", 0.1, 0.2 },
  { "vp", named(flow.path, "vp", terms), "beta_max", 20, 19 },
  { "ve", named(flow.path, "ve", terms), "sigma_min", 0.01, 0.02 },
  { "ve", named(flow.path, "ve", terms), "sigma_max", 2, 3 },
  { "i_cfm", named(flow.path, "i_cfm", terms), "sigma", 0.1, 0.2 },
  { "schrodinger_bridge", named(flow.path, "schrodinger_bridge", terms), "sigma", 1, 2 },
  { "schrodinger_bridge", named(flow.path, "schrodinger_bridge", terms), "guard", 1e-5, 2e-5 },
  { "interpolant", named(flow.path, "interpolant", terms), "guard", 1e-5, 2e-5 },
  { "interpolant", named(flow.path, "interpolant", terms), "gamma", "sqrt", "quadratic" },
  { "interpolant", named(flow.path, "interpolant", terms), "line", "linear", "cosine" },
  { "one_sided", named(flow.path, "one_sided", terms), "line", "linear", "cosine" },
  { "trig", named(flow.path, "trig", terms), "gamma", "sqrt", "quadratic" },
  { "trig", named(flow.path, "trig", terms), "guard", 1e-5, 2e-5 },
  { "mirror", named(flow.path, "mirror", terms), "gamma", "sqrt", "quadratic" },
  { "encoding_decoding", named(flow.path, "encoding_decoding", terms), "gamma", "sin_squared", "quadratic" },
  { "sigmoid", named(flow.gamma, "sigmoid", gamma_of), "steepness", 10, 9 },
  { "u_shaped", named(flow.time, "u_shaped", drawn), "a", 4, 3 },
  { "power", named(flow.time, "power", drawn), "a", 1, 2 },
  { "logit_normal", named(flow.time, "logit_normal", drawn), "mean", 0, 1 },
  { "logit_normal", named(flow.time, "logit_normal", drawn), "std", 1, 2 },
  { "grid", named(flow.time, "grid", drawn), "steps", 1, 2 },
  { "huber", named(flow.penalty, "huber", each), "delta", 1, 2 },
  { "pseudo_huber", named(flow.penalty, "pseudo_huber", each), "c", 0.00054 * math.sqrt(2), 0.001 },
  { "min_snr", named(flow.weight, "min_snr", weighed), "gamma", 5, 6 },
  { "edm", named(flow.weight, "edm", weighed), "sigma_data", 0.5, 0.6 },
  { "sinkhorn", coupled "sinkhorn", "reg", 0.05, 0.06 },
  { "sinkhorn", coupled "sinkhorn", "iterations", 1000, 10 },
  { "sinkhorn", coupled "sinkhorn", "tolerance", 1e-6, 1e-3 },
  { "transport_plan", function(o) return { flow.transport_plan(x, y, o) } end, "iterations", 1000, 10, with = { reg = 0.05 } },
  { "transport_plan", function(o) return { flow.transport_plan(x, y, o) } end, "tolerance", 1e-9, 1e-3, with = { reg = 0.05 } },

  { "flow.velocity", at_end(function(o) return flow.velocity(model, o) end), "guard", 1e-3, 2e-3, with = { predict = "noise" } },
  { "flow.velocity", at_end(function(o) return flow.velocity(model, o) end), "predict", "velocity", "data" },
  { "flow.velocity", at_end(function(o) return flow.velocity(model, o) end), "path", "linear", "cosine", with = { predict = "data" } },
  { "flow.score", at_end(function(o) return flow.score(model, o) end), "guard", 1e-3, 2e-3 },
  { "flow.score", at_end(function(o) return flow.score(model, o) end), "path", "linear", "cosine" },
  { "flow.posterior", at_end(function(o) return flow.posterior(model, o) end), "guard", 1e-3, 2e-3, with = { path = "poly" } },
  { "flow.posterior", at_end(function(o) return flow.posterior(model, o) end), "path", "linear", "cosine" },
  { "flow.reschedule", at_end(function(o) return flow.reschedule(model, "linear", "vp", o) end), "guard", 1e-3, 2e-3 },
  { "flow.convert", function(o) return flow.convert(x, "velocity", "score", x, 0.9995, "linear", o) end, "guard", 1e-3, 2e-3 },
  { "flow.guidance", guided, "kind", "cfg", "cfg_zero_star", with = { scale = 2 } },
  { "flow.sliced_score_matching", function(o) return flow.sliced_score_matching(fm.tanh, x, { rng = fm.rng(1), kind = o.kind, probes = o.probes }) end,
    "kind", "reduced", "plain" },
  { "flow.sliced_score_matching", function(o) return flow.sliced_score_matching(function(z) return (z:sum { axis = 2, keep = true } * z):sin() end, x,
    { rng = fm.rng(1), probes = o.probes }) end, "probes", 1, 2 },
  { "flow.pairs", paired, "coupling", "independent", "ot", with = { size = 4 } },
  { "flow.pairs", paired, "ot_size", 4, 8, with = { size = 4, coupling = "ot" } },
  { "flow.pairs", paired, "shuffle", true, false, with = { size = 3 } },
  { "flow.pairs", paired, "drop_last", false, true, with = { size = 3 } },
  { "flow.loss_floor", function(o) return { flow.loss_floor(x, o) } end, "draws", 1000, 900 },
  { "exact.gaussian", function(o) return flow.exact.gaussian(o)(x, 0.3) end, "mean", 0, 1, with = { dim = 2 } },
  { "exact.gaussian", function(o) return flow.exact.gaussian(o)(x, 0.3) end, "std", 1, 2, with = { dim = 2 } },
  { "exact.gaussian", function(o) return flow.exact.gaussian(o):log_prob(x) end, "path", "linear", "ve", with = { dim = 2 } },
  { "exact.mixture", function(o) return flow.exact.mixture(o)(x, 0.3) end, "std", 1, 2, with = { means = { { 1, 1 }, { 0, 2 } } } },
  { "exact.mixture", function(o) return flow.exact.mixture(o)(x, 0.3) end, "weights", { 1, 1 }, { 1, 2 }, with = { means = { { 1, 1 }, { 0, 2 } } } },
  { "exact.empirical", function(o) return flow.exact.empirical(o)(x, 0.9995) end, "guard", 1e-3, 2e-3, with = { points = y } },

  { "mmd", metric("mmd", x, y), "bandwidths", { 0.5, 1, 2 }, { 0.5, 1, 3 } },
  { "mmd", metric("mmd", x, y), "unbiased", false, true },
  { "precision_recall", metric("precision_recall", x, y * 0.7), "k", 3, 1 },
  { "density_coverage", metric("density_coverage", x, y), "k", 5, 4 },
  { "sliced_wasserstein2", metric("sliced_wasserstein2", x, y), "projections", 100, 99 },
  { "interval", metric("interval", "mmd", x, y), "draws", 200, 199 },
  { "interval", metric("interval", "mmd", x, y), "level", 0.95, 0.9 },
  { "coverage", metric("coverage", labels:reshape(8, 1), 5), "level", 0.9, 0.3 },
  { "data.batches", function(o)
    local list = {}
    for a, b in fm.data.batches(x, 3, { rng = fm.rng(1), shuffle = o.shuffle, drop_last = o.drop_last, labels = labels }) do list[#list + 1] = { a, b } end
    return list
  end, "shuffle", true, false },
}

describe("options of flow and metrics:", function()
  checks.no_bytes_stay(setup, teardown)
  option_values(it, rows)
end)
