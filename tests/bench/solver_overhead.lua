-- What a solve costs beside the calls of its field. Each solve is made three ways, in turn: as it
-- is; its calls of the model alone; and the solve alone, over a field that hands out the slopes
-- that the model gave. Medians of many rounds. Usage: fmrun tests/bench/solver_overhead.lua [--
-- ROUNDS] prints one JSON line per network and method
local fm <const> = require "fm"
local clock <const> = fm.system.seconds
local nn, ode = fm.nn, fm.ode

local rounds <const> = tonumber(arg[1]) or 21
local methods <const> = {
  { name = "euler", method = "euler", steps = 100 }, { name = "rk4", method = "rk4", steps = 25 },
  { name = "rk45", method = "rk45", rtol = 1e-5, atol = 1e-5 }, { name = "dop853", method = "dop853", rtol = 1e-5, atol = 1e-5 },
}

local function seconds(f)
  local start = clock()
  f()
  return clock() - start
end

local function median(list)
  table.sort(list)
  return list[(#list + 1) // 2]
end

-- In a scope each, as in a solve, so that what a call makes goes back to the pool when it ends.
local function call_all(model, calls)
  for i = 1, #calls do
    local scope <close> = fm.scope()
    model(calls[i].x, calls[i].t)
  end
end

local function calls_of(model, x, o)
  local calls = {}
  ode.solve(function(at, t)
    local dx = model(at, t)
    calls[#calls + 1] = { x = at:detach():clone(), t = t, dx = dx:detach():clone() }
    return dx
  end, x, o)
  return calls
end

local function handing_out(calls)
  local i = 0
  return function()
    i = i % #calls + 1
    return calls[i].dx
  end
end

for _, hidden in ipairs { 64, 256 } do
  local model = nn.vector_field { dim = 2, hidden = hidden }
  local x = fm.rng(1):normal(256, 2)
  for _, m in ipairs(methods) do
    local o = {}
    for key, value in pairs(m) do o[key] = key ~= "name" and value or nil end
    local calls = calls_of(model, x, o)
    local whole, model_alone, solver_alone = {}, {}, {}
    for i = 1, rounds do
      call_all(model, { calls[1] }) -- the network is in the cache for all three
      whole[i] = seconds(function() ode.solve(model, x, o) end)
      model_alone[i] = seconds(function() call_all(model, calls) end)
      solver_alone[i] = seconds(function() for _ = 1, 10 do ode.solve(handing_out(calls), x, o) end end) / 10
    end
    local us = 1e6 / #calls
    local a, b, c = median(whole) * us, median(model_alone) * us, median(solver_alone) * us
    print(('{"hidden":%d,"method":"%s","nfe":%d,"solve_us":%.2f,"model_us":%.2f,"solver_us":%.2f,"overhead_percent":%.2f,"difference_percent":%.2f}')
      :format(hidden, m.name, #calls, a, b, c, 100 * c / b, 100 * (a - b) / b))
  end
end
