-- Whether results depend on the number of threads: every op of fm.ops() on random shapes, its
-- values and gradients with 1, 2, 3, 4 and 8 threads, and with two numbers of threads that change
-- between forward and backward. All must be the same bytes.
--   fmrun tests/threads/ops.lua [SHAPES [SEED [OP...]]]      20 shapes of each op, seed 1, all ops
-- Prints what differs and the counts; exits with 1 when anything did. COUNTS="1 4" names other
-- numbers of threads, the first of which the others are compared with.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local samples <const> = dofile "tests/lua/ops_spec.lua"
local shapes <const> = dofile "tests/threads/shapes.lua"

local wanted <const>, seed <const> = math.tointeger(tonumber(arg[1] or 20)), math.tointeger(tonumber(arg[2] or 1))
local names <const> = #arg > 2 and table.move(arg, 3, #arg, 1, {}) or fm.ops()
local counts <const> = {}
for n in (os.getenv "COUNTS" or "1 2 3 4 8"):gmatch "%d+" do counts[#counts + 1] = math.tointeger(tonumber(n)) end

local memory <const> = lfs.attributes("/dev/shm", "mode") == "directory" and "/dev/shm" or os.getenv "TMPDIR" or "/tmp"
local file <const> = ("%s/fm-threads-%d.safetensors"):format(memory, (fm.system.process()))

--- The numbers of a case come from its own stream, so that each can be tried alone.
local function source(rng)
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

local function describe(case)
  local list = {}
  for i, x in ipairs(case.inputs) do
    list[i] = ("[%s]%s%s"):format(table.concat(x.shape, ", "), x.first > 1 and " view" or "", x.constant and " constant" or "")
  end
  for key, value in pairs(case.options or {}) do
    list[#list + 1] = key .. " = " .. (type(value) == "table" and "{" .. table.concat(value, ", ") .. "}" or tostring(value))
  end
  return ("%s(%s)%s%s, case %d of seed %d"):format(case.name, table.concat(list, ", "), case.same and ", one tensor twice" or "",
    case.again and ", gradients added to others" or "", case.index, seed)
end

local function make(name, index)
  local sample = assert(samples.samples[name], "no sample for " .. name)
  local rng = fm.rng(seed, ("threads %s %d"):format(name, index))
  local r = source(rng)
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

--- Runs a case: forward and backward with these numbers of threads. Returns all results by name.
local function compute(case, forward, backward)
  local leaves, of = {}, {}
  for i, x in ipairs(case.inputs) do
    of[i] = i == 2 and case.same and leaves[1] or x.constant and x.numbers or fm.parameter(x.numbers)
    if not x.constant then leaves[i] = of[i] end
  end
  local found = {}
  for pass = 1, case.again and 2 or 1 do
    local tape <close> = fm.record()
    local views = {}
    for i, x in ipairs(case.inputs) do views[i] = of[i][{ { x.first, x.last } }]:reshape { shape = x.shape } end
    fm.system.threads(forward)
    local y = samples.call(case.name, views, case.options)
    found.y = y:clone():detach()
    fm.system.threads(backward)
    if fm.needs_grad(y) and not case.constant then y:backward(case.rng:at(pass):normal(y:shape())) end
  end
  for i, leaf in pairs(leaves) do found["grad " .. i] = leaf:grad() end
  return found
end

--- The bytes of tensors: what a file of them says.
local function bytes(tensors)
  assert(fm.save(file, tensors))
  return fm.file.hash_file(file)
end

local refused, results, different = 0, 0, 0

--- False when the op refuses the shape, e.g. the variance of one number.
local function try(name, index, r)
  local case = make(name, index)
  local ok, first = pcall(compute, case, counts[1], counts[1])
  if not ok then return false, first end
  local expected = bytes(first)
  local function compare(forward, backward, how)
    local found = bytes(compute(case, forward, backward))
    results = results + 1
    if found == expected then return end
    different = different + 1
    print(("%s: %s"):format(how, describe(case)))
  end
  for i = 2, #counts do compare(counts[i], counts[i], counts[i] .. " threads") end
  local a, b = counts[r(1, #counts)], counts[r(1, #counts)]
  compare(a, b, ("%d threads forward, %d backward"):format(a, b))
  return true
end

for _, name in ipairs(names) do
  local r, index, well = source(fm.rng(seed, "mixed " .. name)), 0, 0
  while well < wanted do
    index = index + 1
    local ok, message = try(name, index, r)
    if ok then well = well + 1 else refused = refused + 1 end
    if index > 20 + 2 * well then error(("%s: most shapes are refused: %s"):format(name, message), 0) end
  end
end
os.remove(file)
print(("%s: %d ops x %d shapes (%d more were refused) with %s threads: %d results compared with those of the first, %d differ"):format(fm.real, #names,
  wanted, refused, table.concat(counts, ", "), results, different))
os.exit(different == 0 and 0 or 1)
