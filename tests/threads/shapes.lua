-- Random arguments for every op: shapes(name, sample, r) returns a list of inputs { shape, kind }
-- and options. r(low, high) draws a whole number. `kind`: "normal", "positive", "mask" or the
-- largest of the whole numbers 1.. that an index has. An op of one input that keeps its shape needs
-- no entry here: its sample of tests/lua/ops_spec.lua says what its options are.
local most <const> = 400000 -- numbers of an input
local tile <const> = 16384 -- FM_TILE

--- A whole number low..high, small ones as likely as large ones on a scale of powers of two.
local function some(r, low, high)
  return math.floor(low * ((high + 1) / low) ^ ((r(0, 9999)) / 10000))
end

--- How many numbers: often just where a tile ends.
local function amount(r, high)
  high = high or most
  local n = r(1, 4) == 1 and r(1, 8) * tile + r(-1, 1) or some(r, 1, high)
  return math.min(n, high)
end

--- A shape of about so many numbers.
local function shape(r, rank, n)
  rank, n = rank or r(1, 4), n or amount(r)
  local list, left = {}, n
  for i = 1, rank - 1 do
    list[i] = some(r, 1, left)
    left = left // list[i]
  end
  list[rank] = left
  for i = rank, 2, -1 do -- the long one is anywhere
    local k = r(1, i)
    list[i], list[k] = list[k], list[i]
  end
  return list
end

local function copy(list) return table.move(list, 1, #list, 1, {}) end

local function with(list, axis, size)
  list = copy(list)
  list[axis] = size
  return list
end

--- A shape that broadcasts to the full one: some sizes are 1, the first ones may be absent.
local function part_of(r, full)
  local how, list = r(1, 5), copy(full)
  if how <= 2 then return list end
  for i = 1, #list do
    if r(1, 3) == 1 then list[i] = 1 end
  end
  if how == 5 then list = table.move(list, r(1, #list), #list, 1, {}) end
  return list
end

--- A sum of this many terms: some reach the lengths at which sums and products change their ways.
local function terms(r, high)
  local n = ({ some(r, 1, 64), some(r, 1, 783), r(784, 1600), r(8100, 8300), some(r, 8192, 20000) })[r(1, 5)]
  return math.min(n, high or n)
end

--- Rows m, columns n and terms k of a product that is not too large.
local function product(r)
  local k = terms(r)
  local m = some(r, 1, math.min(600, most // k))
  return m, some(r, 1, math.max(1, math.min(600, most // k, most // m, (1 << 25) // (m * k)))), k
end

local entries <const> = {}

local function each(names, entry)
  for name in names:gmatch "%S+" do entries[name] = entry end
end

each("add sub mul div maximum minimum atan2 lt le gt ge eq ne", function(r, sample)
  local full = shape(r)
  return { { part_of(r, full) }, { part_of(r, full), sample[2] } }
end)
each("where", function(r)
  local full = shape(r)
  return { { part_of(r, full), "mask" }, { part_of(r, full) }, { part_of(r, full) } }
end)

local function reduced(r, optional)
  local full, options = shape(r), { keep = r(1, 2) == 1 }
  if r(1, 4) > 1 or not optional then options.axis = r(1, #full) end
  return { { full } }, options
end
each("sum mean max min norm logsumexp argmax argmin", function(r) return reduced(r, true) end)
each("var std", function(r)
  local inputs, options = reduced(r, true)
  options.unbiased = r(1, 2) == 1
  return inputs, options
end)
each("cumsum softmax log_softmax", function(r)
  local full = shape(r)
  return { { full } }, { axis = r(1, #full) }
end)
each("argsort", function(r)
  local full = shape(r, nil, amount(r, 100000))
  return { { full } }, { axis = r(1, #full), descending = r(1, 2) == 1 }
end)

each("matmul", function(r)
  local m, n, k = product(r)
  return { { { m, k } }, { { k, n } } }
end)
each("linear", function(r)
  local m, n, k = product(r)
  local acts = { "none", "relu", "silu", "gelu", "gelu_tanh", "tanh", "sigmoid", "softplus", "selu" }
  return { { r(1, 4) == 1 and m % 2 == 0 and { 2, m // 2, k } or { m, k } }, { { n, k } }, r(1, 3) > 1 and { { n } } or nil }, { act = acts[r(1, #acts)] }
end)
each("bmm", function(r)
  local b = some(r, 1, 60)
  local m, n, k = some(r, 1, 100), some(r, 1, 100), r(1, 6) == 1 and r(784, 900) or some(r, 1, 100)
  return { { { b, m, k } }, { { b, k, n } } }
end)
each("attention", function(r)
  local b, l, s, d = some(r, 1, 40), some(r, 1, 120), some(r, 1, 120), some(r, 1, 64)
  return { { { b, l, d } }, { { b, s, d } }, { { b, s, some(r, 1, 64) } } }
end)

each("layer_norm rms_norm", function(r, _, name)
  local n = terms(r, 20000)
  local x, weights = shape(r, r(1, 2), some(r, 1, math.max(1, most // n))), r(0, name == "layer_norm" and 2 or 1)
  x[#x + 1] = n
  return { { x }, weights > 0 and { { n } } or nil, weights > 1 and { { n } } or nil }
end)
each("group_norm", function(r)
  local groups = some(r, 1, 8)
  local channels, n = groups * some(r, 1, 16), some(r, 1, 20)
  return { { { n, channels, some(r, 1, most // (n * channels)) } }, { { channels } }, { { channels } } }, { groups = groups }
end)

local function convolution(r)
  local size, outs, ins, n = r(1, 5), some(r, 1, 24), some(r, 1, 24), some(r, 1, 12)
  return size, outs, ins, n, r(size, 24), r(size, 24), { stride = r(1, 3), padding = r(0, size // 2) }
end
each("conv2d", function(r)
  local size, outs, ins, n, height, width, options = convolution(r)
  return { { { n, ins, height, width } }, { { outs, ins, size, size } }, r(1, 2) == 1 and { { outs } } or nil }, options
end)
each("conv_transpose2d", function(r)
  local size, outs, ins, n, height, width, options = convolution(r)
  return { { { n, ins, height, width } }, { { ins, outs, size, size } }, r(1, 2) == 1 and { { outs } } or nil }, options
end)
each("avg_pool2d", function(r)
  local size = r(1, 4)
  return { { { some(r, 1, 20), some(r, 1, 20), size * some(r, 1, 10), size * some(r, 1, 10) } } }, { size = size }
end)
each("upsample_nearest2d", function(r)
  return { { { some(r, 1, 12), some(r, 1, 16), some(r, 1, 16), some(r, 1, 16) } } }, { scale = r(1, 3) }
end)

each("mse huber", function(r)
  local x = shape(r)
  return { { x }, { copy(x) } }, { reduce = ({ "mean", "sum" })[r(1, 2)] }
end)
each("cross_entropy", function(r)
  local n, classes = some(r, 1, 4000), some(r, 1, 100)
  return { { { n, classes } }, { { n }, classes } }, { reduce = ({ "mean", "sum" })[r(1, 2)] }
end)

each("reshape", function(r)
  local x = shape(r)
  local back = {}
  for i, n in ipairs(x) do back[#x + 1 - i] = n end
  return { { x } }, { shape = back }
end)
each("permute", function(r)
  local x, axes = shape(r, r(2, 4)), {}
  for i = 1, #x do table.insert(axes, r(1, i), i) end
  return { { x } }, { axes = axes }
end)
each("transpose", function(r)
  local x = shape(r, r(2, 4))
  return { { x } }, { axes = { r(1, #x), r(1, #x) } }
end)
each("cat", function(r)
  local x, inputs = shape(r, nil, amount(r, 100000)), {}
  local axis = r(1, #x)
  for i = 1, r(1, 5) do inputs[i] = { with(x, axis, i == 1 and x[axis] or some(r, 1, x[axis])) } end
  return inputs, { axis = axis }
end)
each("stack", function(r)
  local x, inputs = shape(r, r(1, 3), amount(r, 100000)), {}
  for i = 1, r(1, 5) do inputs[i] = { copy(x) } end
  return inputs, { axis = r(1, #x + 1) }
end)
each("slice", function(r)
  local x = shape(r)
  local axis = r(1, #x)
  local first = r(1, x[axis])
  return { { x } }, { axis = axis, first = first, last = r(first, x[axis]), step = some(r, 1, 4) }
end)
each("one_hot", function(r)
  local n = some(r, 1, 100)
  return { { shape(r, r(1, 2), some(r, 1, most // n)), n } }, { n = n }
end)
each("index_select", function(r)
  local x = shape(r, nil, amount(r, 200000))
  local axis = r(1, #x)
  local count = 1
  for i, n in ipairs(x) do count = i == axis and count or count * n end
  return { { x }, { { some(r, 1, math.max(1, most // count)) }, x[axis] } }, { axis = axis }
end)
each("gather", function(r)
  local x = shape(r, r(2, 3), amount(r, 200000))
  local axis = r(1, #x)
  return { { x }, { with(x, axis, some(r, 1, 2 * x[axis])), x[axis] } }, { axis = axis }
end)
each("embedding", function(r)
  local width, rows = some(r, 1, 300), some(r, 1, 1000)
  return { { { rows, width } }, { shape(r, r(1, 2), some(r, 1, most // width)), rows } }
end)

each("slope", function(r)
  local acts = { "relu", "silu", "gelu", "gelu_tanh", "tanh", "sigmoid", "softplus", "selu", "elu", "leaky_relu", "log_sigmoid" }
  local x = shape(r)
  return { { x }, { x } }, { act = acts[r(1, #acts)] }
end)

--- The inputs and options; nil when nothing is known of the op.
return function(name, sample, r)
  local entry, kinds = entries[name], {}
  for i, x in ipairs(sample[1]) do kinds[i] = x:min():item() > 0 and "positive" or "normal" end
  if entry then return entry(r, kinds, name) end
  if #sample[1] > 1 then return nil end
  local options = sample[2]
  if name == "pow" then options = { exponent = ({ 2.5, 2, 3, -1, 0.5 })[r(1, 5)] } end
  return { { shape(r), kinds[1] } }, options
end
