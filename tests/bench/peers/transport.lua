-- The points of tests/bench/transport, and exact transport between them in fmrun. Usage:
--   fmrun64 transport.lua make FOLDER CASE N    writes a.npy and b.npy
--   fmrun64 transport.lua WORK FOLDER           prints milliseconds, cost, peak memory / 8 n^2
local fm <const> = require "fm"
local metrics <const> = fm.metrics
local work <const>, folder <const>, case <const>, count <const> = table.unpack(arg)

local n <const> = math.tointeger(tonumber(count)) or 0
local function normal(d, seed) return fm.rng(seed or 1):normal(n, d) end
local function shifted(d, by) return normal(d, 2) + by end
local function moons(seed) return fm.data.moons { n = n, noise = 0.05, rng = fm.rng(seed) } * 3 - 1 end
local function eight(seed) return fm.data.eight_gaussians { n = n, rng = fm.rng(seed) } end
local function repeated(k, seed) return fm.rng(3):normal(k, 2):index_select(fm.rng(seed):integers(n, 1, k), { axis = 1 }) end
local cases <const> = {
  shift0 = function() return normal(2), shifted(2, 0) end,
  shift1 = function() return normal(2), shifted(2, 1) end,
  shift3 = function() return normal(2), shifted(2, 3) end,
  shift10 = function() return normal(2), shifted(2, 10) end,
  shift100 = function() return normal(2), shifted(2, 100) end,
  moons = function() return normal(2), moons(2) end,
  eight = function() return eight(1), moons(2) end,
  line = function() return normal(1), shifted(1, 3) end, -- one dimension
  far_line = function() return normal(1), shifted(1, 100) end,
  slope = function() -- points on a line in the plane
    local to = fm.tensor { { 0.6, 0.7 } }
    return normal(1) * to, shifted(1, 2) * to
  end,
  d50 = function() return normal(50), shifted(50, 0.3) end,
  d784 = function() return normal(784), shifted(784, 0) * 0.5 end,
  one = function() return normal(2), fm.ones(n, 2) end, -- one point, repeated
  repeated = function() return normal(2), repeated(8, 4) end,
  both = function() return repeated(8, 4), repeated(8, 5) end,
  clusters = function()
    local function at(seed) return fm.rng(seed):normal(10, 2):index_select(fm.rng(seed):integers(n, 1, 10), { axis = 1 }) * 10 end
    return at(4) + 0.1 * normal(2), at(5) + 0.1 * shifted(2, 0)
  end,
  grid = function()
    local function on(seed, low) return fm.stack({ fm.rng(seed):integers(n, low, low + 12), fm.rng(seed + 1):integers(n, 1, 12) }, 2) end
    return on(1, 1), on(3, 4)
  end,
  same = function() return normal(2), normal(2):index_select(fm.rng(4):permutation(n), { axis = 1 }) end,
  ring = function()
    local function on(x) return x / (x * x):sum(2, true):sqrt() end
    return on(normal(2)), 3 * on(shifted(2, 0))
  end,
  heavy = function() return normal(2) / shifted(2, 0), normal(2, 5) / normal(2, 6) end, -- of Cauchy
}

if work == "make" then
  local a, b = (cases[case] or error("no case " .. tostring(case)))()
  assert(fm.npy.save(folder .. "/a.npy", a))
  assert(fm.npy.save(folder .. "/b.npy", b))
  return
end

local function kilobytes(name)
  local file <close> = assert(io.open "/proc/self/status")
  return tonumber(file:read "a":match(name .. ":%s*(%d+)"))
end

local a, b = assert(fm.npy.load(folder .. "/a.npy")), assert(fm.npy.load(folder .. "/b.npy"))
local costs
local function distances() -- |x - y|, a coordinate at a time
  local sum = fm.zeros(a:size(1), b:size(1))
  for k = 1, a:size(2) do
    local e = a[{ {}, { k, k } }] - b[{ {}, { k, k } }]:reshape(1, -1)
    sum = sum + e * e
  end
  return sum:sqrt()
end
local works <const> = {
  w1 = function() return metrics.wasserstein1(a, b) end,
  w2 = function() return metrics.wasserstein2(a, b) end,
  ot = function()
    local x = fm.flow.coupling "ot"(a, b)
    return function() return math.sqrt(((x - b) * (x - b)):sum():item() / b:size(1)) end
  end,
  costs = function()
    local columns = metrics.assignment(costs)
    return function()
      local sum = 0.0
      for i, j in ipairs(columns:totable()) do sum = sum + costs[{ { i, i }, { math.tointeger(j), math.tointeger(j) } }]:item() end
      return sum / a:size(1)
    end
  end,
}
local f <const> = works[work] or error("no work " .. tostring(work))
if work == "costs" then costs = distances() end
local few <const> = math.min(a:size(1), 8)
metrics.wasserstein1(a[{ 1, few }], b[{ 1, few }]) -- what is loaded at first use
local reset <const> = io.open("/proc/self/clear_refs", "w") -- VmHWM begins anew
if reset then reset:write "5":close() end
local rest <const>, begun <const> = kilobytes "VmRSS", fm.system.seconds()
local cost = f()
local ms <const> = (fm.system.seconds() - begun) * 1000
local peak <const> = math.max(kilobytes "VmHWM" - rest, 0) * 1024 / (8 * a:size(1) ^ 2)
if type(cost) == "function" then cost = cost() end
print(("%.3f %.17g %.3f"):format(ms, cost, peak))
