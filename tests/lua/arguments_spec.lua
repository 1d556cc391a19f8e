-- Every function of optim, nn and data, gradcheck and the objects they make, called with one
-- argument spoilt at a time: it works, or it is an error at the script's line whose first words
-- name the function. What comes after the last argument is refused.
local fm <const> = require "fm"
local nn <const>, optim <const>, data <const> = fm.nn, fm.optim, fm.data

local nan <const> = 0 / 0
local function released()
  local scope <close> = fm.scope()
  return fm.ones(3) * 2
end

local function spoilt()
  return { released = released(), ["nil"] = nil, number = 1.5, negative = -1, huge = 2 ^ 53, infinite = math.huge, nan = nan, string = "x", boolean = true,
    table = {},
    list = { 1, "x" }, f = function() return nil end, tensor = fm.zeros(3), scalar = fm.tensor(1), empty = fm.zeros(0, 2), rng = fm.rng(1),
    userdata = io.stdout }
end

--- A message as a user wants it, after "FILE:LINE: ".
local function problem_of(message, name)
  if type(message) ~= "string" then return "not a string: " .. tostring(message) end
  local where, text = message:match "^(.-:%d+): (.*)$"
  if not where or not where:find("arguments_spec", 1, true) then return "not at the script's line: " .. message end
  if text:find("this tensor was released when its tape closed; use :detach()", 1, true) then return nil end
  if text:sub(1, #name) ~= name then return ("does not begin with %s: %s"):format(name, message) end
  for _, raw in ipairs { "attempt to", "local '", "upvalue '", "field '", "bad argument", "'?'", "\n" } do
    if text:find(raw, 1, true) then return "is a raw one: " .. message end
  end
end

--- Calls f with each of its good arguments spoilt in turn, and with one too many. `names`: how an
--- error may begin.
local function try(names, f, arguments)
  local list = {}
  local function attempt(what, ...)
    local ok, message = pcall(f, ...)
    if ok then return what end
    local least
    for _, name in ipairs(names) do
      local problem = problem_of(message, name)
      if not problem then return nil end
      least = least or problem
    end
    list[#list + 1] = ("%s: %s"):format(what, least)
  end
  local count = #arguments
  assert.is_true(pcall(f, table.unpack(arguments, 1, count)))
  for i = 1, count do
    for kind, value in pairs(spoilt()) do
      local given = table.move(arguments, 1, count, 1, {})
      given[i] = value
      attempt(("argument %d is %s"):format(i, kind), table.unpack(given, 1, count))
    end
    local given = table.move(arguments, 1, count, 1, {})
    given[i] = nil
    attempt(("argument %d is nil"):format(i), table.unpack(given, 1, count))
  end
  local surplus = table.move(arguments, 1, count, 1, {})
  surplus[count + 1] = 1
  local accepted = attempt("one too many", table.unpack(surplus, 1, count + 1))
  if accepted then list[#list + 1] = "one too many is accepted" end
  assert.same({}, list)
end

--- As try, for each key of an options table that is the last argument.
local function try_options(name, f, arguments, good)
  local list = {}
  local function attempt(key, kind, value)
    local given = table.move(arguments, 1, #arguments, 1, {})
    local o = {}
    for k, v in pairs(good) do o[k] = v end
    o[key] = value
    given[#arguments + 1] = o
    local ok, message = pcall(f, table.unpack(given))
    local problem = not ok and problem_of(message, name)
    if problem then list[#list + 1] = ("%s = %s: %s"):format(key, kind, problem) end
    return ok
  end
  for key in pairs(good) do
    for kind, value in pairs(spoilt()) do attempt(key, kind, value) end
  end
  if attempt("typoo", "1", 1) then list[#list + 1] = "unknown options are accepted" end
  assert.same({}, list)
end

local function parameter()
  return fm.parameter(fm.ones(3))
end

local function loss_of(w)
  return function() return w:square():sum() end
end

describe("arguments of", function()
  for _, name in ipairs { "adam", "adamw", "sgd" } do
    it("optim." .. name, function()
      local good = { lr = 0.1, weight_decay = 0.1 }
      if name == "sgd" then good.momentum, good.nesterov = 0.9, true else good.betas, good.eps = { 0.9, 0.99 }, 1e-8 end
      try({ name, "flat" }, optim[name], { { parameter() }, good })
      try_options(name, optim[name], { { parameter() } }, good)
    end)

    it("the methods of optim." .. name, function()
      local w = parameter()
      local opt = optim[name]({ w }, { lr = 0.1 })
      try({ "step", name }, function(...) return opt:step(...) end, { loss_of(w), { clip = 1 } })
      try_options("step", function(...) return opt:step(...) end, { loss_of(w) }, { clip = 1 })
      try({ "load_state" }, function(...) return opt:load_state(...) end, { opt:state(), {} })
      try({ "state" }, function(...) return opt:state(...) end, {})
      try({ "rate" }, function(...) return opt:rate(...) end, {})
      try({ "zero_grad" }, function(...) return opt:zero_grad(...) end, {})
      try({ "step: call it with a colon", "step" }, opt.step, { opt, loss_of(w), { clip = 1 } })
      for key in pairs(opt:state()) do
        for kind, value in pairs(spoilt()) do
          local state = opt:state()
          state[key] = value
          local ok, message = pcall(function() opt:load_state(state) end)
          assert(ok or not problem_of(message, "load_state"), ("%s = %s: %s"):format(key, kind, message))
        end
      end
      for kind, value in pairs(spoilt()) do
        local ok, message = pcall(function() opt.lr = value end)
        assert(ok == (kind == "number" or kind == "huge" or kind == "f"), kind)
        assert(ok or not problem_of(message, name .. ": lr: "), message)
      end
    end)
  end

  it("optim.ema and its methods", function()
    local w = parameter()
    try({ "ema", "flat" }, optim.ema, { { w }, { decay = 0.9 } })
    try_options("ema", optim.ema, { { w } }, { decay = 0.9, warmup = true })
    local ema = optim.ema { w }
    try({ "update" }, function(...) return ema:update(...) end, {})
    try({ "swap" }, function(...) return ema:swap(...) end, { function() end })
    try({ "state" }, function(...) return ema:state(...) end, {})
    try({ "load_state" }, function(...) return ema:load_state(...) end, { ema:state(), {} })
  end)

  it("schedules", function()
    for name, good in pairs { cosine = { steps = 10, warmup = 2, floor = 0.1, lr = 1 }, linear = { steps = 10, warmup = 2, floor = 0.1, lr = 1 },
      step = { every = 3, factor = 0.5, warmup = 1, lr = 1 } } do
      try({ name }, optim[name], { good })
      try_options(name, optim[name], {}, good)
      try({ name .. " schedule" }, optim[name](good), { 3 })
    end
  end)

  it("layers", function()
    try({ "linear" }, nn.linear, { 6, 2, { act = "silu" } })
    try_options("linear", nn.linear, { 6, 2 }, { act = "silu", bias = true, init = "zero" })
    try({ "embedding" }, nn.embedding, { 5, 3 })
    for _, name in ipairs { "layer_norm", "rms_norm" } do
      try({ name }, nn[name], { 6, { eps = 1e-5 } })
      try_options(name, nn[name], { 6 }, { eps = 1e-5 })
    end
    try({ "dropout" }, nn.dropout, { 0.5 })
    try({ "sequential" }, nn.sequential, { { nn.linear(6, 3), nn.silu(), nn.linear(3, 1) } })
    try({ "mlp" }, nn.mlp, { { inputs = 6, hidden = { 4 }, outputs = 2 } })
    try_options("mlp", nn.mlp, {}, { inputs = 6, hidden = { 4 }, outputs = 2, act = "silu" })
    try({ "residual" }, nn.residual, { nn.linear(6, 6) })
    try({ "time_embedding" }, nn.time_embedding, { 8, { kind = "fourier" } })
    try_options("time_embedding", nn.time_embedding, { 8 }, { kind = "fourier", scale = 3 })
    try({ "vector_field" }, nn.vector_field, { { dim = 6, hidden = 4, time_embed = 2 } })
    try_options("vector_field", nn.vector_field, {}, { dim = 6, hidden = 4, time_embed = 2 })
    try({ "module" }, nn.module, { { { "w", parameter() } }, function(_, v) return v end })
    try({ "seed" }, nn.seed, { 3 })
    for _, act in ipairs { "tanh", "sigmoid", "relu", "silu", "gelu", "gelu_tanh", "selu", "elu", "softplus", "leaky_relu", "log_sigmoid" } do
      try({ act }, nn[act], {})
    end
    nn.seed(0)
  end)

  it("what layers are called with", function()
    local x, t = fm.rng(1):normal(4, 6), fm.linspace(0, 1, 4)
    for name, layer in pairs { linear = nn.linear(6, 2), embedding = nn.embedding(5, 3), layer_norm = nn.layer_norm(6), rms_norm = nn.rms_norm(6),
      dropout = nn.dropout(0.5), residual = nn.residual(nn.linear(6, 6)), silu = nn.silu(), time_embedding = nn.time_embedding(8) } do
      local good = name == "embedding" and fm.tensor { 1, 2 } or name == "time_embedding" and t or x
      assert.is_true(pcall(layer, good))
      for kind, value in pairs(spoilt()) do
        local ok, message = pcall(function() return layer(value) end)
        assert(ok or not problem_of(message, name == "residual" and kind ~= "nil" and fm.is_tensor(value) and "linear" or name), message)
      end
    end
    local field = nn.vector_field { dim = 6, hidden = 4, time_embed = 2 }
    for kind, value in pairs(spoilt()) do
      for _, given in ipairs { { value, 0.5 }, { x, value } } do
        local ok, message = pcall(function() return field(given[1], given[2]) end)
        assert(ok or not problem_of(message, "vector_field"), ("%s: %s"):format(kind, message))
      end
    end
  end)

  it("the methods of models", function()
    local model = nn.mlp { inputs = 2, hidden = { 3 }, outputs = 1 }
    for _, name in ipairs { "parameters", "state", "count", "train", "eval" } do
      try({ name }, function(...) return model[name](model, ...) end, {})
      assert.matches("^[^\n]*arguments_spec.lua:%d+: " .. name .. ": call it with a colon", select(2, pcall(function() return model[name]() end)))
    end
    try({ "load_state" }, function(...) return model:load_state(...) end, { model:state(), {} })
    for key in pairs(model:state()) do
      for kind, value in pairs(spoilt()) do
        local state = {}
        for name, tensor in pairs(model:state()) do state[name] = tensor:clone() end
        state[key] = value
        local ok, message = pcall(function() model:load_state(state) end)
        assert(ok or not problem_of(message, "load_state"), ("%s = %s: %s"):format(key, kind, message))
      end
    end
  end)

  it("datasets", function()
    local settings = { circles = { factor = 0.5 }, eight_gaussians = { radius = 5.0 }, gaussians = { modes = 3, radius = 2.0 },
      pinwheel = { arms = 5, radial = 0.3, tangential = 0.1, rate = 0.2 } }
    for _, name in ipairs { "moons", "eight_gaussians", "checkerboard", "two_spirals", "pinwheel", "swiss_roll", "circles", "rings", "s_curve",
      "gaussians" } do
      local good = { n = 10, noise = 0.1, rng = fm.rng(1) }
      for key, value in pairs(settings[name] or {}) do good[key] = value end
      try({ name }, data[name], { good })
      good.n = 3
      try_options(name, data[name], {}, good)
    end
    try({ "shapes32" }, data.shapes32, { { n = 2 } })
    try_options("shapes32", data.shapes32, {}, { n = 2, rng = fm.rng(1), flat = false })
  end)

  it("batches and loaders", function()
    local x = fm.zeros(6, 2)
    try({ "batches" }, data.batches, { x, 2, { rng = fm.rng(1) } })
    try_options("batches", data.batches, { x, 2 }, { rng = fm.rng(1), shuffle = true, drop_last = true, labels = fm.zeros(6) })
    try({ "cooccurrence" }, data.cooccurrence, { { { "a", "b" }, { "a", "b" } }, { window = 2, least = 1 } })
    try_options("cooccurrence", data.cooccurrence, { { { "a", "b" }, { "a", "b" } } }, { window = 2, least = 1 })
    for name, inner in pairs { png_folder = "png_folder", text = "text", idx = "idx.load", cifar10 = "cifar10", npy = "npy.load",
      csv = "csv", vectors = "vectors.load" } do
      try({ inner }, data[name], { "no such file" })
    end
    for _, name in ipairs { "cifar10", "png_folder" } do try_options(name, data[name], { "no such file" }, { flat = false }) end
    for _, name in ipairs { "mnist", "fashion_mnist" } do
      try({ name }, data[name], { { folder = "no such folder", split = "test" } })
      try_options(name, data[name], {}, { folder = "no such folder", split = "train", size = 32 })
    end
    local good = { name = "mnist", folder = "no such folder", split = "train", held_out = 5, rng = fm.rng(1) }
    try({ "labelled_pictures" }, data.labelled_pictures, { good })
    try_options("labelled_pictures", data.labelled_pictures, {}, good)
    try({ "augment" }, data.augment, { fm.zeros(2, 1, 4, 4), { flip = true, rng = fm.rng(1) } })
    try_options("augment", data.augment, { fm.zeros(2, 1, 4, 4) }, { flip = true, shift = 2, rng = fm.rng(1) })
  end)

  it("gradcheck", function()
    local w = parameter()
    local function f(v) return v:square() end
    try({ "gradcheck" }, fm.gradcheck, { f, { w }, { eps = 1e-2 } })
    try_options("gradcheck", fm.gradcheck, { f, { w } }, { eps = 1e-2, tolerance = 0.1 })
  end)

  it("what is declared of iterators", function()
    local declare <const> = require("fm.skip").declare
    assert.matches("skip.declare: expected an iterator, found nil", select(2, pcall(declare, nil, print)))
    assert.matches("skip.declare: expected a function%(n%) that passes over n values, found 3", select(2, pcall(declare, print, 3)))
    local function iterator() end
    assert.equal(iterator, declare(iterator, print))
  end)

  it("streams", function()
    try({ "rng:own" }, function(...) return fm.rng(1):own(...) end, { "x" })
    try({ "rng:own_clock" }, function(...) return fm.rng(1):own_clock(...) end, {})
  end)

  it("objects that refuse what nobody knows", function()
    local opt, ema = optim.adam { parameter() }, optim.ema { parameter() }
    for _, case in ipairs {
      { 'optimizer: there is no "lrr"; did you mean "lr"?', function() return opt.lrr end },
      { "optimizer: settings cannot be set; this can: lr", function() opt.settings = {} end },
      { "optimizer: grad_norm cannot be set", function() opt.grad_norm = 1 end },
      { 'average: there is no "swapp"; did you mean "swap"?', function() return ema.swapp end },
      { "average: decay cannot be set", function() ema.decay = 0.5 end },
      { 'fm.optim has no "adamm"; did you mean "adam"?', function() return optim.adamm end },
    } do
      local ok, message = pcall(case[2])
      assert.is_false(ok)
      assert.truthy(message:find(case[1], 1, true), message)
    end
  end)
end)
