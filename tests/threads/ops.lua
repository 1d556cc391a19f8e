-- Whether results depend on the number of threads: every op of fm.ops() on random shapes, its
-- values and gradients with 1, 2, 3, 4 and 8 threads, and with two numbers of threads that change
-- between forward and backward. All must be the same bytes.
--   fmrun tests/threads/ops.lua [SHAPES [SEED [OP...]]]      20 shapes of each op, seed 1, all ops
-- Prints what differs and the counts; exits with 1 when anything did. COUNTS="1 4" names other
-- numbers of threads, the first of which the others are compared with.
local fm <const> = require "fm"
local lfs <const> = require "lfs"
local cases <const> = dofile "tests/threads/cases.lua"

local wanted <const>, seed <const> = math.tointeger(tonumber(arg[1] or 20)), math.tointeger(tonumber(arg[2] or 1))
local names <const> = #arg > 2 and table.move(arg, 3, #arg, 1, {}) or fm.ops()
local counts <const> = {}
for n in (os.getenv "COUNTS" or "1 2 3 4 8"):gmatch "%d+" do counts[#counts + 1] = math.tointeger(tonumber(n)) end

local memory <const> = lfs.attributes("/dev/shm", "mode") == "directory" and "/dev/shm" or os.getenv "TMPDIR" or "/tmp"
local file <const> = ("%s/fm-threads-%d.safetensors"):format(memory, (fm.system.process()))

--- Runs a case: forward and backward with these numbers of threads. Returns all results by name.
local function compute(case, forward, backward)
  local tensors, leaves = cases.tensors(case)
  local found = {}
  for pass = 1, case.again and 2 or 1 do
    local tape <close> = fm.record()
    fm.system.threads(forward)
    local y = cases.call(case, tensors)
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
  local case = cases.make(name, seed, index)
  local ok, first = pcall(compute, case, counts[1], counts[1])
  if not ok then return false, first end
  local expected = bytes(first)
  local function compare(forward, backward, how)
    local found = bytes(compute(case, forward, backward))
    results = results + 1
    if found == expected then return end
    different = different + 1
    print(("%s: %s, case %d of seed %d"):format(how, cases.describe(case), index, seed))
  end
  for i = 2, #counts do compare(counts[i], counts[i], counts[i] .. " threads") end
  local a, b = counts[r(1, #counts)], counts[r(1, #counts)]
  compare(a, b, ("%d threads forward, %d backward"):format(a, b))
  return true
end

for _, name in ipairs(names) do
  local r, index, well = cases.source(fm.rng(seed, "mixed " .. name)), 0, 0
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
