-- values(random) -> what campaigns call functions with, right or wrong; random(n) draws 1..n.
--   value()     anything
--   tensor(), options(), callable(), table(), word(), number()
--               of that kind; functions raise errors that begin with "MINE: ", also when they are
--               called too often
--   model(), exact, x
--               a network of three numbers, an exact flow of them, a tensor [4, 3]
--   begin()     before each call
local fm <const> = require "fm"

return function(random)
  local function pick(list) return list[random(#list)] end
  local x <const> = fm.rng(1):normal(4, 3)
  local function model() return fm.nn.mlp { inputs = 3, hidden = { 4 }, outputs = 3 } end
  local exact <const> = fm.flow.exact.gaussian { mean = { 1, 2, 3 }, std = 0.5 }
  local value

  local patience = 0
  local function mine(text) -- functions of ours end a call that goes on for too long
    patience = patience - 1
    if patience < 0 then error("MINE: enough", 0) end
    if text then error("MINE: " .. text, 0) end
  end

  local function released()
    local scope <close> = fm.scope()
    return x * 2
  end

  local numbers <const> = { 0, 1, 2, 3, 4, -1, -2, 0.5, 1.5, -0.0, 1e-3, 1e308, 1e-320, 0 / 0, 1 / 0, -1 / 0, 7, 16, 100, 1 << 31, 1 << 32, 1 << 40, 1 << 53,
    math.maxinteger, math.mininteger, 2.0 ^ 63, 3.0 }
  local words <const> = { "", "x", "linear", "vp", "ve", "cosine", "silu", "ot", "euler", "rk4", "dopri5", "dop853", "adaptive_heun", "mean", "sum", "data",
    "noise", "velocity", "score", "hutchinson", "exact", "batch", "sample", "segments", "full", "steps", "edm", "\0", "a\0b", "\xff\xfe", ("long"):rep(50),
    "../x", "call.txt", "sub/x.png", "x.svg", "x.npy", "nan", "1", "logit_normal", "stratified", "uniform", "zero", "min", "max", "x y", "none" }
  local keys <const> = { "axis", "keep", "rng", "n", "noise", "steps", "method", "t0", "t1", "times", "grid", "save", "rtol", "atol", "max_nfe", "events",
    "control", "path", "coupling", "predict", "time", "weight", "cond", "x0", "t", "lr", "betas", "eps", "momentum", "decay", "clip", "size", "labels",
    "shuffle",
    "drop_last", "mean", "std", "means", "weights", "low", "high", "bins", "probes", "divergence", "reference", "limits", "title", "titles", "cells", "columns",
    "channels", "height", "width", "range", "scale", "log", "stride", "padding", "groups", "exponent", "min", "max", "act", "init", "bias", "inputs", "hidden",
    "outputs", "dim", "time_embed", "kind", "projections", "directions", "bandwidths", "unbiased", "sigma", "a", "s", "guard", "w", "last", "drift",
    "diffusion",
    "first", "axes", "shape", "forward", "backward", "memory", "gradient", "first_step", "max_step", "min_step", "controller", "first_row",
    "rows", "before_update", "every", "factor" }

  local tensors <const> = {
    function() return x end, function() return fm.tensor(2) end, function() return fm.zeros(0) end, function() return fm.zeros(0, 3) end,
    function() return fm.rng(random(9)):normal(3) end, function() return fm.rng(1):normal(4, 2) end, function() return fm.rng(1):normal(2, 3, 4) end,
    function() return fm.rng(1):normal(2, 3, 4, 4) end, function() return fm.range(1, 4) end, function() return fm.linspace(0, 1, 4) end,
    function() return fm.parameter(x) end, released, function() return fm.full({ 4, 3 }, 0 / 0) end, function() return fm.full({ 3, 3 }, 1 / 0) end,
    function() return x[2] end, function() return fm.zeros(1, 1, 1, 1, 1, 1, 1, 1) end, function() return fm.eye(4) end,
    function() return fm.rng(3):uniform(4, 3072) end,
  }

  --- What a function of ours was called with, unless it is a function: as the share of a step is.
  local function plain(z) return type(z) ~= "function" and z end
  local function nothing() mine() end
  local function hostile()
    return setmetatable({ 1, 2 }, { __index = function() mine "index" end, __len = function() return 1 << 40 end, __pairs = nothing })
  end

  local tables <const> = {
    function() return {} end, function() return { 1, 2, 3 } end, function() return { 2, 3 } end, function() return { { 1, 2 }, { 3, 4 } } end,
    function() return { { 1, 2 }, { 3 } } end, function() return { "a", "b" } end, function() return { value(), value() } end,
    function() return { x, x } end, function() return { fm.parameter(x) } end, hostile,
    function() local t = {} t[1] = t t.t = t return t end, function() return { model(), fm.nn.silu() } end,
    function() return { function(z) mine() return z end } end, function() return { 0.25, 0.5 } end, function() return { 1, 0.5, 0 } end,
  }

  local function options()
    local t = {}
    for _ = 1, random(3) - 1 do t[pick(keys)] = value() end
    return t
  end

  local callables <const> = {
    function() return function(z) mine() return z end end,
    function() return function(z) mine() return (plain(z) or x) * 0.5 end end,
    function() return function() mine "thrown" end end,
    function() return function() mine() end end,
    function() return function() mine() return 3 end end,
    function() return function() mine() return "text" end end,
    function() return function() mine() return fm.zeros(7) end end,
    function() return function(z) mine() return (plain(z) or x) * (0 / 0) end end,
    function() return function() mine() return value() end end,
    function() return function() mine() coroutine.yield(1) end end,
    function() return function(z) mine() collectgarbage "step" return (plain(z) or x) + 1 end end,
  }

  local others <const> = {
    function() return true end, function() return false end, function() return nil end, function() return io.stdout end, function() return fm.rng(5) end,
    function() return coroutine.create(nothing) end, model, function() return fm.nn.linear(3, 3) end, function() return exact end,
    function() return fm.optim.adam(model()) end, function() return fm.json.null end, function() return fm.flow.path "ve" end,
    function() return fm.nn.vector_field { dim = 3, hidden = 4, time_embed = 2 } end,
  }

  local depth = 0
  function value()
    depth = depth + 1
    local kind = random(12)
    local result
    if kind <= 3 or depth > 6 then result = pick(numbers)
    elseif kind <= 6 then result = pick(tensors)()
    elseif kind == 7 then result = pick(words)
    elseif kind == 8 then result = pick(tables)()
    elseif kind <= 10 then result = options()
    elseif kind == 11 then result = pick(callables)()
    else result = pick(others)() end
    depth = depth - 1
    return result
  end

  return {
    value = function() return value() end, options = options, model = model, exact = exact, x = x,
    tensor = function() return pick(tensors)() end, callable = function() return pick(callables)() end, table = function() return pick(tables)() end,
    word = function() return pick(words) end, number = function() return pick(numbers) end, begin = function() patience = 200 end,
  }
end
