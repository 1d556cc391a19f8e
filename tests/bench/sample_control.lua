-- What a step of its own for every row saves where few rows are hard: evaluations of rows, with one
-- step size for the batch and with one each. Usage: fmrun tests/bench/sample_control.lua prints one
-- JSON line per method; FM_BENCH_ROUNDS (1) sets how many solves a time is the median of
local fm <const> = require "fm"
local clock <const> = fm.system.seconds
local ode = fm.ode

-- x' = -rate (x - cos t): most rows are easy, one in sixteen is stiff. The second column is the
-- rate.
local function field(x, t)
  local rate = x:slice { axis = 2, first = 2, last = 2 }
  local goal = type(t) == "number" and math.cos(t) or t:cos():reshape(-1, 1)
  return fm.cat((x:slice { axis = 2, first = 1, last = 1 } - goal) * rate * -1, rate * 0, { axis = 2 })
end

local rows = {}
for i = 1, 256 do rows[i] = { 0.5, i % 16 == 0 and 300 or 0.1 + i % 16 / 5 } end
local x0 = fm.tensor(rows)

--- info of a solve, and the median of its times in milliseconds.
local function timed(o)
  local times, info = {}, nil
  for i = 1, math.tointeger(os.getenv "FM_BENCH_ROUNDS") or 1 do
    local start = clock()
    info = select(2, ode.solve(field, x0, o))
    times[i] = (clock() - start) * 1e3
  end
  table.sort(times)
  return info, times[(#times + 1) // 2]
end

for _, method in ipairs { "rk23", "rk45", "tsit5", "dop853" } do
  local o = { method = method, rtol = 1e-4, atol = 1e-4, t1 = 2 }
  local batch, batch_ms = timed(o)
  o.control = "sample"
  local each, sample_ms = timed(o)
  local bars = {}
  for i, bar in ipairs(each.histogram) do bars[i] = ("[%d,%d]"):format(bar.nfe, bar.rows) end
  print(('{"method":"%s","batch":%d,"sample":%d,"ratio":%.3f,"batch_ms":%.1f,"sample_ms":%.1f,"histogram":[%s]}'):format(method,
    batch.nfe * #rows, each.evaluations, each.evaluations / (batch.nfe * #rows), batch_ms, sample_ms,
    table.concat(bars, ",")))
end
