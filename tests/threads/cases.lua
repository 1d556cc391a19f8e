-- Random calls of an op: cases.make(name, seed, index) draws the shapes (shapes.lua), the options
-- and the numbers; the same three arguments give the same case.
local fm <const> = require "fm"
local samples <const> = dofile "tests/lua/ops_spec.lua"
local shapes <const> = dofile "tests/threads/shapes.lua"

local cases <const> = {}

--- A function that draws whole numbers low..high.
function cases.source(rng)
  local drawn, at = rng:uniform(256):totable(), 0
  return function(low, high)
    at = at % 256 + 1
    return low + math.floor(drawn[at] * (high - low + 1))
  end
end

local fillings <const> = {
  normal = function(rng, n) return rng:normal(n) end,
  ties = function(rng, n) return rng:integers(n, -2, 2) end,
  positive = function(rng, n) return rng:uniform(n) + 0.3 end,
  mask = function(rng, n) return rng:integers(n, 0, 1) end,
  nan = function(rng, n) return fm.where(rng:uniform(n):lt(0.01), 0 / 0, rng:normal(n)) end,
}

--- An input: its numbers, and which range of them is seen in which shape. Some begin in the middle
--- of a longer row.
local function input(rng, r, shape, kind, special)
  local n, before = 1, r(1, 4) == 1 and r(1, 9) or 0
  for _, size in ipairs(shape) do n = n * size end
  local whole = math.type(kind) and rng:integers(n + before, 1, kind) or fillings[kind == "normal" and special or kind or "normal"](rng, n + before)
  return { numbers = whole, first = before + 1, last = before + n, shape = shape, constant = math.type(kind) ~= nil or kind == "mask" or r(1, 6) == 1 }
end

--- What a case is, as a text.
function cases.describe(case)
  local list = {}
  for i, x in ipairs(case.inputs) do
    list[i] = ("[%s]%s%s"):format(table.concat(x.shape, ", "), x.first > 1 and " view" or "", x.constant and " constant" or "")
  end
  for key, value in pairs(case.options or {}) do
    list[#list + 1] = key .. " = " .. (type(value) == "table" and "{" .. table.concat(value, ", ") .. "}" or tostring(value))
  end
  return ("%s(%s)%s%s"):format(case.name, table.concat(list, ", "), case.same and ", one tensor twice" or "",
    case.again and ", gradients added to others" or "")
end

function cases.make(name, seed, index)
  local sample = assert(samples.samples[name], "no sample for " .. name)
  local rng = fm.rng(seed, ("threads %s %d"):format(name, index))
  local r = cases.source(rng)
  local inputs, options = shapes(name, sample, r)
  if not inputs then error(("tests/threads/shapes.lua has no shapes for %s"):format(name), 0) end
  local special = ({ "ties", "nan" })[r(1, 10)]
  local case = { name = name, index = index, options = options, inputs = {}, rng = rng, again = r(1, 4) == 1, constant = sample.constant }
  for i, x in ipairs(inputs) do case.inputs[i] = input(rng, r, x[1], x[2], special) end
  local a, b = case.inputs[1], case.inputs[2]
  case.same = b and not a.constant and not b.constant and table.concat(a.shape, " ") == table.concat(b.shape, " ") and r(1, 6) == 1
  if case.same then case.inputs[2] = a end
  return case
end

--- The tensors of the inputs, and those among them that collect a gradient, by number.
function cases.tensors(case)
  local tensors, leaves = {}, {}
  for i, x in ipairs(case.inputs) do
    tensors[i] = i == 2 and case.same and leaves[1] or x.constant and x.numbers or fm.parameter(x.numbers)
    if not x.constant then leaves[i] = tensors[i] end
  end
  return tensors, leaves
end

--- Calls the op with these tensors.
function cases.call(case, tensors)
  local views = {}
  for i, x in ipairs(case.inputs) do views[i] = tensors[i][{ { x.first, x.last } }]:reshape { shape = x.shape } end
  return samples.call(case.name, views, case.options)
end

return cases
