-- Run by tests/bench/compare_ops: microseconds of a call of every op, here and in PyTorch
-- (peers/ops_torch.py), forward alone and forward with the gradients of all inputs, by the wall
-- clock. Small shapes are those of tests/lua/ops_spec.lua and show what a call costs; large ones
-- are listed here. Prints a row for each, the slowest beside PyTorch first: the ratio is PyTorch's
-- time over ours. (The gradients of fmrun include a copy of the upstream gradient, which PyTorch
-- takes as it is: 0.25 ms of a million numbers.)
local fm <const> = require "fm"
local spec <const> = dofile "tests/lua/ops_spec.lua"
local seconds <const> = fm.system.seconds

-- An input is a letter and a shape: n normal numbers, p numbers over 0.3, c zeros and ones (a
-- condition), i9:4,5 whole numbers in 1..9. Only n and p want gradients.
local wide <const>, row <const>, column <const>, number <const> = "1024,1024", "1024", "1024,1", "1"
local large <const> = {
  { "sum", "n" .. wide }, { "sum", "n" .. wide, axis = 1 }, { "sum", "n" .. wide, axis = 2 },
  { "mean", "n" .. wide }, { "mean", "n" .. wide, axis = 1 }, { "mean", "n" .. wide, axis = 2 },
  { "max", "n" .. wide }, { "max", "n" .. wide, axis = 1 }, { "max", "n" .. wide, axis = 2 },
  { "min", "n" .. wide, axis = 2 }, { "var", "n" .. wide, axis = 1 }, { "var", "n" .. wide, axis = 2 },
  { "std", "n" .. wide, axis = 2 }, { "norm", "n" .. wide }, { "norm", "n" .. wide, axis = 2 },
  { "logsumexp", "n" .. wide, axis = 1 }, { "logsumexp", "n" .. wide, axis = 2 },
  { "cumsum", "n" .. wide, axis = 1 }, { "cumsum", "n" .. wide, axis = 2 },
  { "softmax", "n" .. wide, axis = 1 }, { "softmax", "n" .. wide, axis = 2 }, { "softmax", "n65536,16", axis = 2 },
  { "log_softmax", "n" .. wide, axis = 1 }, { "log_softmax", "n" .. wide, axis = 2 },
  { "argmax", "n" .. wide, axis = 1 }, { "argmax", "n" .. wide, axis = 2 }, { "argmin", "n" .. wide, axis = 2 },
  { "argsort", "n" .. wide, axis = 2 },
  { "reshape", "n" .. wide, shape = "512,2048" }, { "transpose", "n" .. wide, axes = "1,2" },
  { "permute", "n64,128,128", axes = "3,1,2" }, { "permute", "n64,128,128", axes = "2,1,3" },
  { "cat", "n512,1024", "n512,1024", axis = 1 }, { "cat", "n1024,1000", "n1024,24", axis = 2 },
  { "stack", "n512,1024", "n512,1024", axis = 1 },
  { "slice", "n" .. wide, axis = 1, first = 100, last = 899, step = 1 }, { "slice", "n" .. wide, axis = 2, first = 2, last = 1000, step = 2 },
  { "index_select", "n" .. wide, "i1024:1024", axis = 1 }, { "index_select", "n" .. wide, "i1024:1024", axis = 2 },
  { "gather", "n" .. wide, "i1024:1024,64", axis = 2 }, { "embedding", "n10000,256", "i10000:4096" },
  { "one_hot", "i256:4096", n = 256 },
  { "matmul", "n512,512", "n512,512" }, { "bmm", "n64,64,64", "n64,64,64" },
  { "linear", "n256,256", "n256,256", "n256", act = "silu" }, { "linear", "n1024,1024", "n1024,1024", "n1024", act = "none" },
  { "attention", "n32,128,64", "n32,128,64", "n32,128,64" },
  { "layer_norm", "n" .. wide, "n" .. row, "n" .. row, eps = 1e-5 }, { "rms_norm", "n" .. wide, "n" .. row, eps = 1e-6 },
  { "group_norm", "n64,64,16,16", "n64", "n64", groups = 8 },
  { "conv2d", "n32,32,16,16", "n32,32,3,3", "n32", stride = 1, padding = 1 },
  { "conv2d", "n64,3,32,32", "n32,3,3,3", "n32", stride = 2, padding = 1 },
  { "conv_transpose2d", "n32,32,8,8", "n32,16,4,4", "n16", stride = 2, padding = 1 },
  { "avg_pool2d", "n64,32,32,32", size = 2 }, { "upsample_nearest2d", "n64,32,16,16", scale = 2 },
  { "mse", "n" .. wide, "n" .. wide, reduce = "mean" }, { "huber", "n" .. wide, "n" .. wide, delta = 0.7 },
  { "cross_entropy", "n4096,256", "i256:4096" }, { "cross_entropy", "n65536,10", "i10:65536" },
  { "where", "c" .. wide, "n" .. wide, "n" .. wide }, { "where", "c" .. column, "n" .. wide, "n" .. row },
  { "pow", "p" .. wide, exponent = 2.5 }, { "pow", "n" .. wide, exponent = 3 }, { "clamp", "n" .. wide, min = -0.5, max = 0.5 },
}
for name in ("add sub mul div maximum minimum lt le gt ge eq ne"):gmatch "%a+" do
  local second = name == "div" and "p" or "n"
  for _, shape in ipairs { wide, row, column, number } do table.insert(large, { name, "n" .. wide, second .. shape }) end
end
for _, pair in ipairs { { "n1024,1", "n1024" }, { "n64,1,1024", "n16,1" }, { "n64,32,256", "n64,32,1" }, { "n65536,3", "n3" }, { "n65536,3", "n65536,1" } } do
  table.insert(large, { "mul", pair[1], pair[2] })
end
for name in ("neg exp sin cos tanh sigmoid relu silu gelu gelu_tanh selu elu softplus leaky_relu log_sigmoid square abs"):gmatch "[%a_]+" do
  table.insert(large, { name, "n" .. wide })
end
for name in ("log sqrt rsqrt reciprocal"):gmatch "%a+" do table.insert(large, { name, "p" .. wide }) end

local function letter(x, fixed) -- of an input of the spec
  if not fixed then return x:min():item() > 0 and "p" or "n" end
  return x:min():item() < 1 and "c" or ("i%d:"):format(x:max():item())
end

local function small(name) -- the spec's sample, written as those above
  local sample <const> = spec.samples[name]
  local case = { name }
  for i, x in ipairs(sample[1]) do table.insert(case, letter(x, sample.fixed and sample.fixed[i]) .. table.concat(x:shape(), ",")) end
  for key, value in pairs(sample[2] or {}) do case[key] = type(value) == "table" and table.concat(value, ",") or value end
  case.constant = sample.constant
  return case
end

local rng <const> = fm.rng(0, "compare_ops")

local function input(text)
  local kind, limit, sizes = text:match "^(%a)(%d*):?([%d,]+)$"
  if kind ~= "i" then kind, sizes = text:match "^(%a)([%d,]*)$" end
  local shape = {}
  for size in sizes:gmatch "%d+" do table.insert(shape, math.tointeger(size)) end
  if kind == "i" then return rng:integers(shape, math.tointeger(limit)) end
  if kind == "c" then return rng:integers(shape, 0, 1) end
  return fm.parameter(kind == "p" and rng:uniform(table.unpack(shape)) + 0.3 or rng:normal(table.unpack(shape)))
end

local lists <const> = { shape = true, axes = true }

local function options(case)
  local all = {}
  for key, value in pairs(case) do
    if type(key) == "string" and key ~= "constant" then
      if lists[key] then
        all[key] = {}
        for size in value:gmatch "%d+" do table.insert(all[key], math.tointeger(size)) end
      else
        all[key] = value
      end
    end
  end
  return next(all) and all
end

--- The two functions that are timed: the op alone, and with its gradients (nil: it has none).
local function ours(case)
  local inputs = {}
  for i = 2, #case do inputs[i - 1] = input(case[i]) end
  local arguments = table.move(inputs, 1, #inputs, 1, {})
  table.insert(arguments, options(case) or nil)
  local op = fm[case[1]]
  local upstream = op(table.unpack(arguments)):mul(0):add(1)
  local function forward()
    local scope <close> = fm.scope()
    op(table.unpack(arguments))
  end
  local function both()
    local tape <close> = fm.record()
    op(table.unpack(arguments)):backward(upstream)
    for _, x in ipairs(inputs) do x:zero_grad() end
  end
  return forward, not case.constant and both
end

local function microseconds(f)
  local n, start = 0, seconds()
  repeat
    f()
    n = n + 1
  until seconds() - start > 0.004 and n > 1
  return (seconds() - start) / n * 1e6
end

local function median(list)
  table.sort(list)
  return (list[(#list + 1) // 2] + list[#list // 2 + 1]) / 2
end

--- Starts PyTorch in a process of its own. A request is a line, as is its answer.
local function start_peer()
  local python = os.getenv "PYTHON" or "python3"
  if not os.execute(python .. " -c 'import torch' 2>/dev/null") then return nil end
  local answers = os.tmpname()
  os.remove(answers)
  assert(os.execute("mkfifo " .. answers))
  local requests = assert(io.popen(python .. " tests/bench/peers/ops_torch.py >" .. answers, "w"))
  local lines = assert(io.open(answers))
  os.remove(answers)
  return function(request)
    assert(requests:write(request, "\n"))
    requests:flush()
    return (assert(lines:read "l", "PyTorch's process ended"))
  end
end

local function as_line(case)
  local words = { "case", case[1] }
  for i = 2, #case do table.insert(words, case[i]) end
  for key, value in pairs(case) do
    if type(key) == "string" and key ~= "constant" then table.insert(words, key .. "=" .. tostring(value)) end
  end
  return table.concat(words, " ")
end

local rounds, sizes, wanted = 3, nil, {}
do
  local i = 1
  while arg[i] do
    if arg[i] == "--rounds" then
      rounds, i = math.tointeger(tonumber(arg[i + 1])) or error("--rounds wants a whole number", 0), i + 1
    elseif arg[i] == "--sizes" then
      sizes, i = arg[i + 1], i + 1
    elseif arg[i]:find "^%-" then
      error("unknown option " .. arg[i], 0)
    else
      wanted[arg[i]] = true
    end
    i = i + 1
  end
end

local peer <const> = start_peer()
if not peer then print "PyTorch is not installed (pip install torch==2.13.0): its column is empty" end

local cases, skipped, is_large = {}, {}, {}
for _, case in ipairs(large) do is_large[case[1]] = true end
for _, name in ipairs(fm.ops()) do
  if not next(wanted) or wanted[name] then
    if sizes ~= "large" then table.insert(cases, small(name)) end
    if not is_large[name] then table.insert(skipped, name .. ": large, because no large shape is listed in compare_ops.lua") end
  end
end
for _, case in ipairs(sizes == "small" and {} or large) do
  if not next(wanted) or wanted[case[1]] then
    case.constant = spec.samples[case[1]].constant
    table.insert(cases, case)
  end
end

local rows = {}

local function measure(case, pass, f)
  local here, there = {}, {}
  f()
  for i = 1, rounds do
    here[i] = microseconds(f)
    if peer then there[i] = tonumber(peer(pass)) end
  end
  local words = table.pack(as_line(case):match "^case (%S+) (.*)$")
  table.insert(rows, { op = words[1], what = words[2], pass = pass, ours = median(here), theirs = peer and median(there) })
end

for _, case in ipairs(cases) do
  local problem = peer and peer(as_line(case)) or "ok"
  if problem ~= "ok" then
    table.insert(skipped, case[1] .. ": " .. problem)
  else
    local forward, both = ours(case)
    measure(case, "forward", forward)
    if both then measure(case, "gradients", both) end
  end
  collectgarbage()
end

for _, r in ipairs(rows) do r.ratio = r.theirs and r.theirs / r.ours or 0 end
table.sort(rows, function(a, b) return a.ratio < b.ratio end)
print(("medians of %d interleaved rounds, threads: %s; gradients: forward and backward"):format(rounds, os.getenv "THREADS" or "1"))
print(("%-18s %-44s %-9s %11s %11s %7s"):format("op", "inputs and options", "pass", "fmrun us", "torch us", "ratio"))
for _, r in ipairs(rows) do
  print(("%-18s %-44s %-9s %11.2f %11s %7s"):format(r.op, r.what, r.pass, r.ours, r.theirs and ("%.2f"):format(r.theirs) or "-",
    r.theirs and ("%.2f"):format(r.ratio) or "-"))
end
for _, line in ipairs(skipped) do print("skipped " .. line) end
