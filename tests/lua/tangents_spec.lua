-- Tangents of ops beyond the samples of ops_spec: their options, optional inputs, shapes, ties and
-- corners.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local tangents <const> = dofile "tests/lua/tangents.lua"

local rng <const> = fm.rng(4, "tangents_spec")
local function normal(...) return rng:normal(...) end
local function positive(...) return rng:uniform(...) + 0.3 end
local function away(...)
  local x = rng:normal(...)
  return x + fm.where(fm.maximum(x, 0), 0.3, -0.3)
end

-- fm[op] of the inputs with these options, as a function.
local function op(name, settings)
  return function(...)
    local arguments = { ... }
    arguments[#arguments + 1] = settings
    return fm[name](table.unpack(arguments))
  end
end

local activations <const> = { "tanh", "sigmoid", "relu", "silu", "gelu", "gelu_tanh", "selu", "elu", "softplus", "leaky_relu", "log_sigmoid" }

-- { name, f, inputs, fixed }: f is smooth around the inputs.
local smooth <const> = {}
local function add(name, f, inputs, fixed) smooth[#smooth + 1] = { name, f, inputs, fixed or {} } end

for _, act in ipairs(activations) do
  add(act .. " of slope", op("slope", { act = act }), { away(3, 4), normal(3, 4) })
  add(act .. " of linear", op("linear", { act = act }), { normal(5, 4), normal(3, 4), normal(3) })
  add(act .. " of linear without bias", op("linear", { act = act }), { normal(2, 2, 4), normal(3, 4) })
  add(act .. " of group_norm", op("group_norm", { groups = 2, act = act }), { normal(2, 4, 3), positive(4), normal(4) })
end
for _, name in ipairs { "sum", "mean", "max", "min", "var", "std", "norm", "logsumexp" } do
  local x = normal(2, 3, 4)
  for what, settings in pairs { ["all"] = {}, ["axis 1"] = { axis = 1 }, ["axis 2 kept"] = { axis = 2, keep = true }, ["axis -1"] = { axis = -1 },
    ["axis -2 kept"] = { axis = -2, keep = true } } do
    add(name .. " over " .. what, op(name, settings), { x })
  end
  if name == "var" or name == "std" then
    for what, settings in pairs { all = { unbiased = false }, ["axis 2"] = { axis = 2, unbiased = false } } do
      add(name .. " over " .. what .. ", not unbiased", op(name, settings), { x })
    end
  end
end
for _, name in ipairs { "cumsum", "softmax", "log_softmax" } do
  for axis = -2, 2 do
    if axis ~= 0 then add(name .. " along axis " .. axis, op(name, { axis = axis }), { normal(3, 4) }) end
  end
  add(name .. " in the middle", op(name, { axis = 2 }), { normal(2, 3, 4) })
end
for _, exponent in ipairs { -1, 0, 1, 2, 3, 0.5 } do add("pow " .. exponent, op("pow", { exponent = exponent }), { positive(3, 4) }) end
add("pow 2 of negative numbers", op("pow", { exponent = 2 }), { normal(3, 4) })
add("clamp from below", op("clamp", { min = -0.1 }), { away(3, 4) })
add("clamp from above", op("clamp", { max = 0.1 }), { away(3, 4) })
for _, name in ipairs { "add", "sub", "mul", "div", "maximum", "minimum", "atan2" } do
  for what, shapes in pairs { row = { { 3, 4 }, { 4 } }, column = { { 3, 1 }, { 3, 4 } }, number = { {}, { 3, 4 } }, outer = { { 3, 1 }, { 1, 4 } },
    longer = { { 4 }, { 2, 3, 4 } }, numbers = { {}, {} } } do
    add(name .. " of a " .. what, op(name), { positive(table.unpack(shapes[1])), positive(table.unpack(shapes[2])) })
  end
end
local cond <const> = fm.tensor({ 1, 0, 0, 1, 1, 0 }, 2, 3)
add("where of a row and a column", op "where", { cond, normal(3), normal(2, 1) }, { true })
add("where of numbers", op "where", { cond, normal(), normal() }, { true })
add("where of a condition that broadcasts", op "where", { fm.tensor { 1, 0, 1 }, normal(2, 3), normal(2, 3) }, { true })
for _, reduce in ipairs { "mean", "sum" } do
  add("mse, " .. reduce, op("mse", { reduce = reduce }), { normal(3, 4), normal(3, 4) })
  add("huber, " .. reduce, op("huber", { delta = 0.7, reduce = reduce }), { normal(3, 4), normal(3, 4) })
  add("cross_entropy, " .. reduce, op("cross_entropy", { reduce = reduce }), { normal(3, 4), fm.tensor { 4, 1, 1 } }, { false, true })
end
for _, causal in ipairs { false, true } do
  local how = causal and ", causal" or ""
  add("attention of rank 2" .. how, op("attention", { causal = causal }), { normal(4, 3), normal(4, 3), normal(4, 2) })
  add("attention of rank 3" .. how, op("attention", { causal = causal }), { normal(2, 3, 4), normal(2, 3, 4), normal(2, 3, 2) })
  add("attention of rank 4" .. how, op("attention", { causal = causal }), { normal(2, 2, 3, 2), normal(2, 2, 3, 2), normal(2, 2, 3, 2) })
  add("attention to itself" .. how, function(x) return x:attention(x, x, { causal = causal }) end, { normal(2, 3, 4) })
end
add("attention to more", op "attention", { normal(2, 3, 4), normal(2, 5, 4), normal(2, 5, 2) })
add("layer_norm alone", op "layer_norm", { normal(3, 4) })
add("layer_norm of a weight", op("layer_norm", { eps = 1e-3 }), { normal(2, 3, 4), normal(4) })
add("rms_norm alone", op "rms_norm", { normal(3, 4) })
add("group_norm alone", op("group_norm", { groups = 2 }), { normal(2, 4, 3) })
add("group_norm of a weight", op("group_norm", { groups = 1, eps = 1e-3 }), { normal(2, 4), normal(4) })
add("group_norm of pictures", op("group_norm", { groups = 4 }), { normal(2, 4, 2, 3), normal(4), normal(4) })
for _, shape in ipairs { { 3, 3, 1, 0 }, { 3, 3, 1, 1 }, { 3, 3, 2, 1 }, { 1, 1, 1, 0 }, { 1, 1, 2, 0 }, { 2, 3, 1, 1 } } do
  local kh, kw, stride, padding = table.unpack(shape)
  local settings = { stride = stride, padding = padding }
  local how = (" %d x %d, stride %d, padding %d"):format(kh, kw, stride, padding)
  add("conv2d" .. how, op("conv2d", settings), { normal(2, 2, 5, 4), normal(3, 2, kh, kw), normal(3) })
  add("conv2d without bias" .. how, op("conv2d", settings), { normal(2, 2, 5, 4), normal(3, 2, kh, kw) })
  add("conv_transpose2d without bias" .. how, op("conv_transpose2d", settings), { normal(2, 2, 4, 3), normal(2, 3, kh, kw) })
end
add("conv2d in blocks", op("conv2d", { padding = 1 }), { normal(1, 4, 8, 8), normal(4, 4, 3, 3), normal(4) }) -- Winograd's
for _, axis in ipairs { 1, 2, -1 } do
  local function join(name)
    return function(...) return fm[name]({ ... }, { axis = axis }) end
  end
  add("cat of one along " .. axis, join "cat", { normal(3, 4) })
  add("cat of seven along " .. axis, join "cat", { normal(3, 4), normal(3, 4), normal(3, 4), normal(3, 4), normal(3, 4), normal(3, 4), normal(3, 4) },
    { true, false, true, true, false, false, true })
  add("stack of six along " .. axis, join "stack", { normal(3, 4), normal(3, 4), normal(3, 4), normal(3, 4), normal(3, 4), normal(3, 4) },
    { false, true, true, true, false, true })
end
add("cat of the same twice", function(x) return fm.cat(x, x, 1) end, { normal(3, 4) })
add("index_select along 2", op("index_select", { axis = 2 }), { normal(3, 4), fm.tensor { 4, 4, 1 } }, { false, true })
add("gather along 1", op("gather", { axis = 1 }), { normal(3, 2), fm.tensor { { 3, 1 }, { 3, 3 } } }, { false, true })
add("embedding of the same row", op "embedding", { normal(3, 2), fm.tensor { 2, 2, 2 } }, { false, true })
add("slice backwards", op("slice", { axis = 1, first = -2, last = -1 }), { normal(4, 3) })
add("slice in steps", op("slice", { axis = 2, first = 1, step = 3 }), { normal(2, 7) })
add("permute", op("permute", { axes = { 2, 3, 1 } }), { normal(2, 3, 4) })
add("transpose of the last two", op "transpose", { normal(2, 3, 4) })
add("reshape to a number", function(x) return x:reshape { shape = {} } end, { normal(1, 1) })
add("avg_pool2d of 3", op("avg_pool2d", { size = 3 }), { normal(2, 1, 6, 3) })
add("upsample_nearest2d of 3", op("upsample_nearest2d", { scale = 3 }), { normal(2, 1, 2, 1) })
add("the same input twice", function(x) return x * x + x:matmul(x) end, { normal(3, 3) })
add("views", function(x) return x[1] * x[{ 2, 2 }]:reshape(4) + x:reshape(-1)[{ 5, 8 }] end, { normal(3, 4) })

-- Where f has a corner or a tie: fm.jvp takes the slope that backward takes.
local ties <const> = {}
local function tie(name, f, inputs, fixed) ties[#ties + 1] = { name, f, inputs, fixed or {} } end
local equal <const> = fm.tensor { { 1, 1, 0, 1 }, { 2, 2, 2, 2 }, { 0, 0, 0, 0 } }
for _, name in ipairs { "max", "min" } do
  for what, settings in pairs { all = {}, ["axis 1"] = { axis = 1 }, ["axis -1"] = { axis = -1, keep = true } } do
    tie(name .. " over " .. what, op(name, settings), { equal })
    tie(name .. " over " .. what .. " of zeros", op(name, settings), { fm.zeros(3, 4) })
  end
end
for _, name in ipairs { "maximum", "minimum" } do
  tie(name .. " of equals", op(name), { equal, equal })
  tie(name .. " of a row", op(name), { equal, fm.tensor { 1, 2, 0, 1 } })
  tie(name .. " of a number", op(name), { equal, fm.tensor(1) })
  tie(name .. " with itself", function(x) return fm[name](x, x) end, { equal })
end
tie("abs at 0", op "abs", { equal })
tie("clamp at its limits", op("clamp", { min = 0, max = 2 }), { equal })
tie("clamp to one number", op("clamp", { min = 1, max = 1 }), { equal })
tie("norm of zeros", op "norm", { fm.zeros(3, 4) })
tie("norm of rows, one of zeros", op("norm", { axis = 2 }), { equal })
tie("std of equals", op("std", { axis = 2 }), { equal })
tie("std of all, equal", op("std", { unbiased = false }), { fm.full({ 3, 2 }, 3) })
tie("var of equals", op("var", { axis = -1, keep = true }), { equal })
tie("huber at delta", op("huber", { delta = 1 }), { equal, equal + 1 })
tie("huber at 0", op("huber", { delta = 1, reduce = "sum" }), { equal, equal })
tie("pow 0 at 0", op("pow", { exponent = 0 }), { equal })
tie("pow 1 at 0", op("pow", { exponent = 1 }), { equal })
tie("pow 2 at 0", op("pow", { exponent = 2 }), { equal })
tie("layer_norm of equals", op "layer_norm", { equal, normal(4), normal(4) })
tie("rms_norm of zeros", op "rms_norm", { equal, normal(4) })
tie("group_norm of equals", op("group_norm", { groups = 2, act = "relu" }), { equal, normal(4), normal(4) })
tie("logsumexp with -inf", op("logsumexp", { axis = 2 }), { fm.tensor { { 1, -math.huge, 2 }, { -math.huge, -math.huge, 0 } } })
tie("logsumexp of -inf alone", op("logsumexp", { axis = 2 }), { fm.tensor { { -math.huge, -math.huge }, { 0, 1 } } })
tie("logsumexp of large numbers", op "logsumexp", { fm.tensor { 1000, 1000, -1000 } })
tie("softmax with -inf", op "softmax", { fm.tensor { { 1, -math.huge, 2 }, { -math.huge, -math.huge, 0 } } })
tie("cross_entropy of large numbers", op "cross_entropy", { fm.tensor { { 900, -900 }, { 0, 0 } }, fm.tensor { 1, 2 } }, { false, true })
for _, act in ipairs(activations) do
  tie(act .. " at 0", op(act), { fm.zeros(3) })
  tie(act .. " of linear at 0", op("linear", { act = act }), { fm.zeros(2, 3), normal(4, 3) })
  tie(act .. " far from 0", op(act), { fm.tensor { -1e4, -100, -40, 40, 100, 1e4 } })
end

-- Nothing in, nothing out.
local empty <const> = {}
local function none(name, f, inputs, fixed) empty[#empty + 1] = { name, f, inputs, fixed or {} } end
for _, name in ipairs { "add", "mul", "div", "maximum" } do none(name, op(name), { fm.zeros(0, 4), normal(4) }) end
for _, name in ipairs { "exp", "abs", "silu", "square", "softmax", "log_softmax", "cumsum", "layer_norm", "rms_norm", "transpose" } do
  none(name, op(name), { fm.zeros(0, 4) })
end
for _, name in ipairs { "sum", "mean", "max", "var", "std", "norm", "logsumexp" } do none(name .. " of rows", op(name, { axis = 2 }), { fm.zeros(0, 4) }) end
none("sum of all", op "sum", { fm.zeros(0, 4) })
none("linear", op("linear", { act = "silu" }), { fm.zeros(0, 4), normal(3, 4), normal(3) })
none("matmul", op "matmul", { fm.zeros(0, 4), normal(4, 3) })
none("matmul over nothing", op "matmul", { fm.zeros(2, 0), fm.zeros(0, 3) })
none("bmm", op "bmm", { fm.zeros(0, 2, 4), fm.zeros(0, 4, 3) })
none("attention", op "attention", { fm.zeros(0, 2, 4), fm.zeros(0, 2, 4), fm.zeros(0, 2, 4) })
none("group_norm", op("group_norm", { groups = 2 }), { fm.zeros(0, 4, 3), normal(4), normal(4) })
none("conv2d", op("conv2d", { padding = 1 }), { fm.zeros(0, 2, 4, 4), normal(3, 2, 3, 3), normal(3) })
none("cat", function(a, b) return fm.cat(a, b, 1) end, { fm.zeros(0, 4), normal(2, 4) })
none("index_select", op("index_select", { axis = 1 }), { normal(3, 4), fm.zeros(0) }, { false, true })
none("embedding", op "embedding", { normal(3, 4), fm.zeros(0) }, { false, true })
none("where", op "where", { fm.zeros(0, 3), fm.zeros(0, 3), normal(3) }, { true })
none("slope", op("slope", { act = "gelu" }), { fm.zeros(0), fm.zeros(0) })

describe("tangents", function()
  checks.no_bytes_stay(before_each, after_each)

  for _, case in ipairs(smooth) do
    local name, f, inputs, fixed = table.unpack(case)
    it(name, function()
      tangents.agree_with_backward(f, inputs, fixed)
      tangents.agree_with_differences(f, inputs, fixed)
    end)
  end
  for _, case in ipairs(ties) do
    local name, f, inputs, fixed = table.unpack(case)
    it(name .. ": the slope of backward", function() tangents.agree_with_backward(f, inputs, fixed) end)
  end
  for _, case in ipairs(empty) do
    local name, f, inputs, fixed = table.unpack(case)
    it(name .. " of nothing", function() tangents.agree_with_backward(f, inputs, fixed) end)
  end
end)
