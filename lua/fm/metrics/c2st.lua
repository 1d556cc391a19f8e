-- c2st(a, b, {rng, folds, hidden, steps, batch, lr}) -> the accuracy with which a classifier tells
-- rows of a from rows of b that it was not trained on: 0.5 when the distributions are equal, 1
-- when they do not overlap. Lopez-Paz and Oquab 2017. Each of the 5 folds is held out once. The
-- rows are scaled by mean and deviation of the training rows. The network has two hidden layers of
-- 64 SiLU units; 1000 steps of Adam train it, at a rate that falls from 0.02 to 0 along a cosine.
-- A batch of 256 has as many rows of a as of b, and the result is the mean of the accuracies on a
-- and on b, so samples of different sizes change nothing.
local fm <const> = require "fm"
local no_holes <const> = require "fm.parts.no_holes"
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"

local where <const> = "c2st"

--- Weights and biases of a network with these widths, as PyTorch draws them.
local function network(rng, widths)
  local list = {}
  for i = 2, #widths do
    local bound = 1 / math.sqrt(widths[i - 1])
    local range <const> = { low = -bound, high = bound }
    list[#list + 1] = fm.parameter(rng:uniform({ widths[i], widths[i - 1] }, range))
    list[#list + 1] = fm.parameter(rng:uniform({ widths[i] }, range))
  end
  return list
end

local function logits(list, x)
  for i = 1, #list, 2 do x = x:linear(list[i], list[i + 1], { act = i + 1 < #list and "silu" or "none" }) end
  return x
end

--- The rows of a sample in random order, in parts of almost equal size: part k is held out in fold
--- k.
local function parts_of(x, rng, folds)
  local n, shuffled, parts = x:size(1), x:index_select(rng:permutation(x:size(1)), { axis = 1 }), {}
  for k = 1, folds do parts[k] = shuffled[{ (k - 1) * n // folds + 1, k * n // folds }] end
  return parts
end

local function all_but(parts, k)
  local list = {}
  for i, part in ipairs(parts) do
    if i ~= k then list[#list + 1] = part end
  end
  return fm.cat(list, { axis = 1 })
end

--- f(x): x scaled such that the rows of both samples have mean 0 and deviation 1, each counting the
--- same. A number that does not vary stays 0.
local function scaling(a, b)
  local mean = (a:mean { axis = 1 } + b:mean { axis = 1 }) / 2
  local spread = ((a - mean):square():mean { axis = 1 } + (b - mean):square():mean { axis = 1 }) / 2
  local scale = (spread + 1e-20):rsqrt()
  return function(x) return (x - mean) * scale end
end

local function train(list, a, b, rng, o)
  local opt, half = fm.optim.adam(list, { lr = { "cosine", lr = o.lr, steps = o.steps } }), o.batch // 2
  local labels = fm.cat(fm.ones(half), fm.full(half, 2), { axis = 1 })
  for _ = 1, o.steps do
    local x = a:index_select(rng:integers(half, 1, a:size(1)), { axis = 1 })
    local y = b:index_select(rng:integers(half, 1, b:size(1)), { axis = 1 })
    opt:step(function() return logits(list, fm.cat(x, y, { axis = 1 })):cross_entropy(labels) end)
  end
end

--- How many rows the network calls rows of a, and how many there are.
local function called_a(list, x)
  local z, n = logits(list, x):totable(), 0
  for _, row in ipairs(z) do
    if row[1] > row[2] then n = n + 1 end
  end
  return n
end

local function read(given)
  local o = options.read(where, given, { rng = options.none, folds = 5, hidden = { 64, 64 }, steps = 1000, batch = 256, lr = 0.02 })
  options.integer(where .. ": folds", o.folds, 2)
  options.turns(where .. ": steps", o.steps)
  options.integer(where .. ": batch", o.batch, 2)
  if type(o.hidden) ~= "table" then fm.fail(("%s: hidden: expected a list of widths, found %s"):format(where, options.shown(o.hidden))) end
  no_holes(where .. ": hidden", o.hidden)
  for _, width in ipairs(o.hidden) do options.size(where .. ": hidden", width) end
  o.rng = options.rng(where, o.rng or fm.rng(0, where))
  return o
end

local function of(a, b, given, ...)
  options.no_more(where, 3, ...)
  local o = read(given)
  a, b = samples.read_many(where, a, b, o.folds)
  samples.finite(where, "a", a)
  samples.finite(where, "b", b)
  local parts_a, parts_b = parts_of(a, o.rng, o.folds), parts_of(b, o.rng, o.folds)
  local widths, right_a, right_b = { a:size(2) }, 0, 0
  for _, width in ipairs(o.hidden) do widths[#widths + 1] = width end
  widths[#widths + 1] = 2
  for k = 1, o.folds do
    local train_a, train_b, list = all_but(parts_a, k), all_but(parts_b, k), network(o.rng, widths)
    local scaled = scaling(train_a, train_b)
    train(list, scaled(train_a), scaled(train_b), o.rng, o)
    right_a = right_a + called_a(list, scaled(parts_a[k]))
    right_b = right_b + parts_b[k]:size(1) - called_a(list, scaled(parts_b[k]))
  end
  return (right_a / a:size(1) + right_b / b:size(1)) / 2
end

return { of = of, samples = 2, ranges = { { 0, 1 } } }
