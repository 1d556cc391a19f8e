-- ops: time of a call beside its arithmetic. For each op with a sample in tests/lua/ops_spec.lua:
-- microseconds on that tiny input (the boundary, mostly), and what add costs on 8 numbers and on
-- 65,536. Usage: fmrun tests/bench/ops.lua [op ...] prints one JSON line each
local fm <const> = require "fm"
local clock <const> = fm.system.seconds
local spec <const> = dofile "tests/lua/ops_spec.lua"

local function microseconds(f)
  local best = math.huge
  for _ = 1, 5 do
    local n, start = 0, clock()
    repeat
      for _ = 1, 200 do f() end
      n = n + 200
    until clock() - start > 0.02
    best = math.min(best, (clock() - start) / n * 1e6)
  end
  return best
end

local wanted = {}
for _, name in ipairs(arg) do wanted[name] = true end
local names = fm.ops()
table.sort(names)
for _, name in ipairs(names) do
  local sample = spec.samples[name]
  if sample and (#arg == 0 or wanted[name]) then
    local op, inputs, settings = fm[name], sample[1], sample[2]
    local a, b, c = inputs[1], inputs[2], inputs[3]
    local f = #inputs == 1 and function() return op(a, settings) end
      or #inputs == 2 and function() return op(a, b, settings) end
      or function() return op(a, b, c, settings) end
    print(('{"op":"%s","us":%.3f}'):format(name, microseconds(f)))
  end
end
local few, many = fm.zeros(8), fm.zeros(65536)
-- As in a step: results of a scope go back to the pool at its end. 100 calls at a time.
local function hundred(x)
  return microseconds(function()
    local scope <close> = fm.scope()
    for _ = 1, 100 do x:add(x) end
  end) / 100
end
local boundary, all = hundred(few), hundred(many)
print(('{"boundary_us":%.3f,"add_65536_us":%.3f}'):format(boundary, all))
