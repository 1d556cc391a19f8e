-- Every function of flow, ode and sde with every wrong kind of argument: an error of one line, at
-- the script's line, whose first words are the function and the argument.
local fm <const> = require "fm"
local flow <const>, ode <const>, sde <const> = fm.flow, fm.ode, fm.sde
local here <const> = "^tests/lua/flow_misuse_spec.lua:%d+: "

local nan <const> = 0 / 0
local wrong <const> = {
  { "nothing" }, { "number", 42 }, { "NaN", nan }, { "huge", 2 ^ 53 }, { "infinity", math.huge }, { "negative", -1 }, { "fraction", 0.5 },
  { "string", "x" }, { "empty string", "" }, { "true", true }, { "false", false }, { "empty table", {} }, { "table", { foo = 1 } },
  { "ragged", { { 1, 2 }, { 3 } } }, { "words", { "a", "b" } }, { "tensor", fm.zeros(5, 7) }, { "scalar", fm.zeros() }, { "function", function() end },
}

local function still(x) return x * 0 end
local x <const>, rng <const> = fm.rng(1):normal(4, 2), fm.rng(2)

-- name of the function in messages (a pattern), the function, its arguments, and for each argument
-- the kinds that are no mistake there. An argument { ... } of options is tried option by option, as
-- options_of says.
local any <const> = {}
for _, kind in ipairs(wrong) do any[kind[1]] = true end
local function kinds(list)
  local set = {}
  for kind in list:gmatch "[^,]+" do set[kind] = true end
  return set
end
local optional <const> = kinds "nothing,empty table"

local path <const>, couple <const>, ot <const> = flow.path "linear", flow.coupling "independent", flow.coupling "ot"
local noisy <const> = flow.path "i_cfm"
local exact <const> = flow.exact.gaussian { mean = { 1, 2 }, std = 0.5 }
local time <const> = kinds "fraction,scalar"
local functions <const> = {
  { "path", flow.path, { "vp", {} }, { kinds "", optional } },
  { "gamma", flow.gamma, { "sqrt", {} }, { kinds "function", optional } },
  { "coupling", flow.coupling, { "ot", {} }, { kinds "function", optional } },
  { "path:sample", path.sample, { path, x, x, 0.5 }, { kinds "", kinds "", kinds "", time } },
  { "path:sample", noisy.sample, { noisy, x, x, 0.5, x }, { kinds "", kinds "", kinds "", time, kinds "" } },
  { "path:coefficients", path.coefficients, { path, 0.5 }, { kinds "", kinds "fraction,scalar,tensor" } },
  { "path:source", path.source, { path, 3, 2, rng }, { kinds "", kinds "number", kinds "number", kinds "" } },
  { "path:source_log_prob", path.source_log_prob, { path, x }, { kinds "", kinds "tensor" } },
  { "coupling independent", couple, { x, x }, { kinds "", kinds "" } },
  { "coupling ot", ot, { x, x }, { kinds "", kinds "" } },
  { "loss", flow.loss, { still, x, { rng = rng } }, { kinds "function", kinds "tensor", kinds "" } },
  { "velocity", flow.velocity, { still, {} }, { kinds "function", optional } },
  { "score", flow.score, { still, {} }, { kinds "function", optional } },
  { "posterior", flow.posterior, { still, {} }, { kinds "function", optional } },
  { "reschedule", flow.reschedule, { still, "linear", "vp", {} }, { kinds "function", kinds "", kinds "", optional } },
  { "reschedule: field", flow.reschedule(still, "linear", "vp"), { x, 0.5 }, { kinds "tensor", time } },
  { "convert", flow.convert, { x, "data", "noise", x, 0.5, "linear", {} }, { kinds "", kinds "", kinds "", kinds "", time, kinds "nothing", optional } },
  { "velocity: field", flow.velocity(still), { x, 0.5 }, { kinds "tensor", kinds "number,NaN,huge,infinity,negative,fraction,tensor,scalar" } },
  { "velocity: field", flow.velocity(still, { predict = "data" }), { x, 0.5 }, { kinds "tensor", time } },
  { "score", flow.score(still), { x, 0.5 }, { kinds "tensor", time } },
  { "posterior", flow.posterior(still), { x, 0.5 }, { kinds "tensor", time } },
  { "decode", flow.decode, { still, x, {} }, { kinds "function", kinds "tensor", optional } },
  { "encode", flow.encode, { still, x, {} }, { kinds "function", kinds "tensor", optional } },
  { "log_prob", flow.log_prob, { still, x, {} }, { kinds "function", kinds "tensor", optional } },
  { "sliced_score_matching", flow.sliced_score_matching, { fm.tanh, x, { rng = rng } }, { kinds "function", kinds "tensor", kinds "" } },
  { "bits_per_dimension", flow.bits_per_dimension, { still, x, { dequantise = false } }, { kinds "function", kinds "tensor", kinds "" } },
  { "dequantise", flow.dequantise, { x * 0, { rng = rng } }, { kinds "tensor", kinds "" } },
  { "exact.gaussian", flow.exact.gaussian, { {} }, { optional } },
  { "exact.mixture", flow.exact.mixture, { { means = { { 1, 2 } } } }, { kinds "" } },
  { "exact", exact, { x, 0.5 }, { kinds "", time } },
  { "exact", exact.velocity, { exact, x, 0.5 }, { kinds "", kinds "", time } },
  { "exact:score", exact.score, { exact, x, 0.5 }, { kinds "", kinds "", time } },
  { "exact:log_prob", exact.log_prob, { exact, x, 0.5 }, { kinds "", kinds "", kinds "nothing,fraction,scalar" } },
  { "exact:source_log_prob", exact.source_log_prob, { exact, x }, { kinds "", kinds "" } },
  { "exact:sample", exact.sample, { exact, 3, rng, 0.5 }, { kinds "", kinds "number", kinds "", kinds "nothing,fraction" } },
  { "exact:map", exact.map, { exact, x }, { any, kinds "" } },
  { "exact:inverse", exact.inverse, { exact, x }, { any, kinds "" } },
  { "ode.solve", ode.solve, { still, x, {} }, { kinds "function", kinds "tensor,scalar", optional } },
  { "sde.solve", sde.solve, { still, x, { w = 1, rng = rng } }, { kinds "function", kinds "tensor", kinds "" } },
}

-- Options by function: their name, and the kinds that are no mistake; the options beside them.
local positive <const> = kinds "nothing,number,huge,infinity,fraction"
local numbers <const> = kinds "nothing,number,huge,negative,fraction"
local counts <const> = kinds "nothing,number"
local solving <const> = {
  { "method", kinds "nothing" }, { "t0", kinds "nothing,number,huge,negative,fraction" }, { "t1", numbers }, { "steps", counts }, { "grid", kinds "nothing" },
  { "times", kinds "nothing" }, { "rtol", positive }, { "atol", positive }, { "first_step", kinds "nothing,fraction" }, { "max_step", positive },
  { "min_step", kinds "nothing,number,fraction,huge,infinity" }, { "max_nfe", kinds "nothing,number,huge" }, { "save", counts },
  { "events", kinds "nothing,empty table" }, { "control", kinds "nothing" }, { "controller", kinds "nothing" }, { "gradient", kinds "nothing,true,false" },
  { "memory", kinds "nothing" }, { "rows", kinds "nothing,true,false" },
}
local function without(list, ...)
  local rest, out = {}, kinds(table.concat({ ... }, ","))
  for _, option in ipairs(list) do
    if not out[option[1]] then rest[#rest + 1] = option end
  end
  return rest
end
local path_option <const> = { "path", kinds "nothing" }
local options_of <const> = {
  { "loss", flow.loss, { still, x, { rng = rng } }, {
    { "rng", kinds "" }, { "x0", kinds "nothing" }, { "t", kinds "nothing,fraction,scalar" }, path_option, { "coupling", kinds "nothing" }, { "cond", any },
    { "time", kinds "nothing" }, { "predict", kinds "nothing" }, { "weight", kinds "nothing" }, { "compare", kinds "nothing" }, { "loss", kinds "nothing" } } },
  { "loss", flow.loss, { still, x, { rng = rng, cond = x, drop = 0.5 } }, {
    { "cond", kinds "tensor" }, { "drop", kinds "nothing,fraction" }, { "null", kinds "nothing,number,huge,negative,fraction,scalar" } } },
  { "loss", flow.loss, { still, x, { rng = rng, predict = "data", compare = "velocity" } }, { { "guard", kinds "nothing,number,fraction" } } },
  { "velocity", flow.velocity, { still, {} }, { { "predict", kinds "nothing" }, path_option, { "cond", any }, { "guard", kinds "nothing" } } },
  { "score", flow.score, { still, {} }, { path_option, { "guard", kinds "nothing" } } },
  { "posterior", flow.posterior, { still, {} }, { path_option, { "guard", kinds "nothing" } } },
  { "reschedule", flow.reschedule, { still, "linear", "vp", {} }, { { "guard", kinds "nothing" } } },
  { "convert", flow.convert, { x, "data", "noise", x, 0.5, "linear", {} }, { { "guard", kinds "nothing" } } },
  { "ode.solve", ode.solve, { still, x, {} }, solving },
  { "decode", flow.decode, { still, x, { max_nfe = 1000 } }, without(solving, "max_nfe") },
  { "encode", flow.encode, { still, x, { max_nfe = 1000 } }, without(solving, "max_nfe", "t0", "t1") },
  { "log_prob", flow.log_prob, { still, x, {} }, without(solving, "times", "save", "events", "t0", "t1") },
  { "log_prob", flow.log_prob, { still, x, {} }, {
    { "divergence", kinds "nothing" }, path_option, { "log_p0", kinds "nothing" }, { "probes", kinds "nothing" }, { "first_row", counts } } },
  { "log_prob", flow.log_prob, { still, x, { divergence = "hutchinson", rng = rng } }, { { "probes", counts }, { "rng", kinds "" } } },
  { "sliced_score_matching", flow.sliced_score_matching, { fm.tanh, x, { rng = rng } }, {
    { "rng", kinds "" }, { "probes", counts }, { "kind", kinds "nothing" } } },
  { "bits_per_dimension", flow.bits_per_dimension, { still, x, { dequantise = false } }, {
    { "bins", kinds "nothing,number,huge" }, { "low", kinds "nothing,negative,fraction" }, { "high", kinds "nothing,number,huge,fraction" },
    { "dequantise", kinds "false" }, { "first_row", counts } } },
  { "dequantise", flow.dequantise, { x * 0, { rng = rng } }, {
    { "rng", kinds "" }, { "bins", kinds "nothing,number,huge" }, { "low", kinds "nothing,negative,fraction" },
    { "high", kinds "nothing,number,huge,fraction" }, { "first_row", counts } } },
  { "exact.gaussian", flow.exact.gaussian, { {} }, {
    { "mean", kinds "nothing,number,huge,negative,fraction,scalar" }, { "std", kinds "nothing,number,huge,fraction" }, { "dim", counts }, path_option } },
  { "exact.mixture", flow.exact.mixture, { { means = { { 1, 2 } } } }, {
    { "means", kinds "tensor" }, { "std", kinds "nothing,number,huge,fraction" }, { "weights", kinds "nothing,empty table" }, path_option } },
  { "path vp", flow.path, { "vp", {} }, { { "beta_min", kinds "nothing,number,fraction" }, { "beta_max", kinds "nothing,number,fraction" } } },
  { "path ve", flow.path, { "ve", { sigma_min = 0.4, sigma_max = 100 } }, {
    { "sigma_min", kinds "nothing,number,fraction" }, { "sigma_max", kinds "nothing,number,fraction" } } },
  { "path poly", flow.path, { "poly", {} }, { { "n", kinds "nothing,number,fraction" } } },
  { "path lipman", flow.path, { "lipman", {} }, { { "sigma_min", kinds "nothing,fraction" } } },
  { "path i_cfm", flow.path, { "i_cfm", {} }, { { "sigma", kinds "nothing,number,fraction" } } },
  { "path schrodinger_bridge", flow.path, { "schrodinger_bridge", {} }, { { "sigma", kinds "nothing,number,fraction" }, { "guard", kinds "nothing" } } },
  { "path", flow.path, { { a = function(t) return t end, s = function(t) return 1 - t end } }, {
    { "a", kinds "" }, { "s", kinds "" }, { "da", kinds "nothing" }, { "ds", kinds "nothing" }, { "source", kinds "nothing,function" },
    { "source_log_prob", kinds "nothing,function" }, { "gamma", kinds "nothing" }, { "dgamma", kinds "nothing" }, { "guard", kinds "nothing" } } },
  { "path interpolant", flow.path, { "interpolant", {} }, {
    { "line", kinds "nothing" }, { "gamma", kinds "nothing" }, { "guard", kinds "nothing" } } },
  { "path one_sided", flow.path, { "one_sided", {} }, { { "line", kinds "nothing" } } },
  { "path trig", flow.path, { "trig", {} }, { { "gamma", kinds "nothing" }, { "guard", kinds "nothing" } } },
  { "path mirror", flow.path, { "mirror", {} }, { { "gamma", kinds "nothing" }, { "guard", kinds "nothing" } } },
  { "path encoding_decoding", flow.path, { "encoding_decoding", {} }, { { "gamma", kinds "nothing" }, { "guard", kinds "nothing" } } },
  { "gamma sqrt", flow.gamma, { "sqrt", {} }, { { "scale", kinds "nothing,number,fraction,huge" } } },
  { "gamma sigmoid", flow.gamma, { "sigmoid", {} }, {
    { "scale", kinds "nothing,number,fraction" }, { "steepness", kinds "nothing,number,fraction" } } },
  { "sde.solve", sde.solve, { still, x, { w = 1, rng = rng } }, {
    { "method", kinds "nothing" }, { "rng", kinds "" }, { "first_row", counts }, { "t0", kinds "nothing,fraction" }, { "t1", kinds "nothing,fraction" },
    { "steps", counts }, { "grid", kinds "nothing" }, { "times", kinds "nothing" }, { "save", counts }, { "w", kinds "number,huge,fraction" }, path_option,
    { "last", kinds "nothing" }, { "guard", kinds "nothing" } } },
  { "sde.solve", sde.solve, { { drift = still, diffusion = 1 }, x, { rng = rng } }, { { "method", kinds "nothing" }, { "rng", kinds "" } } },
}

local function plain(text)
  return (text:gsub("%p", "%%%0"))
end

-- What is wrong with the error of a call, or nil.
local function complaint(name, argument, ok, message)
  if ok then return "no error" end
  if type(message) ~= "string" then return "the error is a " .. type(message) end
  if not message:find(here) then return "not at the script's line: " .. message end
  local text = message:gsub(here, "")
  if text:find "\n" then return "more than a line: " .. message end
  local inner = argument == "method" and text:find "^ode: method: " or text:find "^ode.solve: the step function returned a nil" -- of a solver itself
  if inner then return end
  if not text:find("^" .. plain(name) .. "[: ]") then return "does not begin with the function: " .. message end
  if text:find "attempt to" or text:find "bad argument" then return "raw: " .. message end
  if argument and not text:find(argument, 1, true) then return "does not name the argument: " .. message end
end

local function shown(name, position, kind)
  return ("%s, argument %s: %s"):format(name, position, kind)
end

describe("misuse of flow, ode and sde", function()
  it("raises for every wrong kind of every argument", function()
    local found, tried = {}, 0
    for _, f in ipairs(functions) do
      local name, call, right, fine = table.unpack(f)
      for position = 1, #right do
        for _, kind in ipairs(wrong) do
          if not fine[position][kind[1]] then
            local arguments = table.move(right, 1, #right, 1, {})
            arguments[position] = kind[2]
            tried = tried + 1
            local ok, message = pcall(function() return (call(table.unpack(arguments, 1, #right))) end)
            local what = complaint(name, nil, ok, message)
            if what then found[#found + 1] = shown(name, position, kind[1]) .. ": " .. what end
          end
        end
      end
    end
    assert(#found == 0, table.concat(found, "\n"))
    assert(tried > 900, tried)
  end)

  it("raises for every wrong kind of every option, and names it", function()
    local found, tried = {}, 0
    for _, f in ipairs(options_of) do
      local name, call, right, list = table.unpack(f)
      for _, option in ipairs(list) do
        for _, kind in ipairs(wrong) do
          if not option[2][kind[1]] then
            local arguments, o = table.move(right, 1, #right, 1, {}), {}
            for key, value in pairs(right[#right]) do o[key] = value end
            o[option[1]] = kind[2]
            arguments[#right] = o
            tried = tried + 1
            local ok, message = pcall(function() return (call(table.unpack(arguments, 1, #right))) end)
            local what = complaint(name, option[1], ok, message)
            if what then found[#found + 1] = shown(name, option[1], kind[1]) .. ": " .. what end
          end
        end
      end
    end
    assert(#found == 0, table.concat(found, "\n"))
    assert(tried > 1500, tried)
  end)

  it("raises for an argument too many", function()
    local found = {}
    for _, f in ipairs(functions) do
      local name, call, right = table.unpack(f)
      local arguments = table.move(right, 1, #right, 1, {})
      local extra = #right + 1
      if name == "path:sample" and #right == 4 then extra = 6 -- z is optional
      elseif name:find "^coupling [io]" then extra = 4 end -- cond is optional
      arguments[extra] = 1
      local ok, message = pcall(function() return (call(table.unpack(arguments, 1, extra))) end)
      local what = complaint(name, "unexpected argument", ok, message)
      if what then found[#found + 1] = shown(name, extra, "one too many") .. ": " .. what end
    end
    assert(#found == 0, table.concat(found, "\n"))
  end)
end)
