-- The convolutions of a U-Net beside PyTorch's (peers/conv_shapes.py), in turn. For each pass, the
-- output, the input's gradient and the weight's gradient: least milliseconds by the wall clock,
-- what they make in GFLOP/s (those of a plain convolution, whatever the method), and PyTorch's time
-- over ours.
--   THREADS=N fmrun --threads N tests/bench/conv_shapes.lua [-- PATTERN]
-- PYTHON names a python with torch; without one its columns are missing. Only cases whose name
-- matches the pattern. FM_BENCH_SECONDS is the time for each number.
local fm <const> = require "fm"
local seconds <const> = fm.system.seconds
local span <const> = tonumber(os.getenv "FM_BENCH_SECONDS" or "0.12")
local wanted <const> = arg[1] or "."

-- pictures, channels, height and width, channels made, kernel, stride, padding
local cases <const> = {
  { 64, 32, 32, 32, 32, 3, 1, 1 }, { 64, 64, 32, 32, 32, 3, 1, 1 }, { 64, 96, 32, 32, 32, 3, 1, 1 }, { 64, 64, 32, 32, 64, 3, 1, 1 },
  { 64, 32, 16, 16, 64, 3, 1, 1 }, { 64, 64, 16, 16, 64, 3, 1, 1 }, { 64, 96, 16, 16, 64, 3, 1, 1 }, { 64, 128, 16, 16, 64, 3, 1, 1 },
  { 64, 64, 8, 8, 64, 3, 1, 1 }, { 64, 128, 8, 8, 64, 3, 1, 1 },
  { 64, 32, 32, 32, 32, 3, 2, 1 }, { 64, 32, 32, 32, 64, 3, 2, 1 }, { 64, 64, 16, 16, 64, 3, 2, 1 },
  { 64, 1, 32, 32, 32, 3, 1, 1 }, { 64, 3, 32, 32, 32, 3, 1, 1 }, { 64, 32, 32, 32, 1, 3, 1, 1 }, { 64, 32, 32, 32, 3, 3, 1, 1 },
  { 64, 64, 32, 32, 32, 1, 1, 0 }, { 64, 96, 32, 32, 32, 1, 1, 0 }, { 64, 32, 16, 16, 64, 1, 1, 0 }, { 64, 128, 16, 16, 64, 1, 1, 0 },
  { 64, 128, 8, 8, 64, 1, 1, 0 },
}

local function least(f)
  local best, stop = math.huge, seconds() + span
  repeat best = math.min(best, f()) until seconds() > stop
  return best * 1e3
end

-- Seconds of the way back from y = f(), which begins with a copy of dy.
local function way_back(f, dy)
  return function()
    local tape <close> = fm.record()
    local y <const> = f()
    local start <const> = seconds()
    y:backward(dy)
    return seconds() - start
  end
end

local rng <const> = fm.rng(0, "conv_shapes")

--- Milliseconds of the three passes, and GFLOP of one.
local function ours(case)
  local n, c, h, w, o, k, stride, padding = table.unpack(case)
  local x, weight, b = rng:normal(n, c, h, w), rng:normal(o, c, k, k) / math.sqrt(c * k * k), rng:normal(o)
  local options <const> = { stride = stride, padding = padding }
  local dy <const> = fm.conv2d(x, weight, nil, options)
  local forward <const> = least(function()
    local scope <close> = fm.scope()
    local start <const> = seconds()
    fm.conv2d(x, weight, b, options)
    return seconds() - start
  end)
  local xp, wp, copied = fm.parameter(x), fm.parameter(weight), fm.parameter(dy)
  local copy <const> = least(way_back(function() return copied:reshape(-1) end, dy:reshape(-1)))
  local to_x <const> = least(way_back(function() return fm.conv2d(xp, weight, nil, options) end, dy))
  local to_w <const> = least(way_back(function() return fm.conv2d(x, wp, nil, options) end, dy))
  return { forward, to_x - copy, to_w - copy }, 2e-9 * dy:count() * c * k * k
end

--- Starts PyTorch in a process of its own. A request is a line, as is its answer.
local function start_peer()
  local python <const> = os.getenv "PYTHON" or "python3"
  if not os.execute(python .. " -c 'import torch' 2>/dev/null") then return function() return {} end end
  local answers <const> = os.tmpname()
  os.remove(answers)
  assert(os.execute("mkfifo " .. answers))
  local requests <const> = assert(io.popen(python .. " tests/bench/peers/conv_shapes.py >" .. answers, "w"))
  local lines <const> = assert(io.open(answers))
  os.remove(answers)
  return function(case)
    assert(requests:write(span, " ", table.concat(case, " "), "\n"))
    requests:flush()
    local answer <const> = assert(lines:read "l", "PyTorch's process ended")
    local numbers = {}
    for word in answer:gmatch "%S+" do numbers[#numbers + 1] = tonumber(word) end
    return numbers
  end
end

local peer <const> = start_peer()
print "case                                        |  output             | input's gradient    | weight's gradient"
print "                                            |    ms GFLOP/s ratio |    ms GFLOP/s ratio |    ms GFLOP/s ratio"
local all, all_theirs = 0, 0
for _, case in ipairs(cases) do
  local n, c, h, w, o, k, stride = table.unpack(case)
  local name <const> = ("[%d, %d, %d, %d] -> %d, %d x %d, stride %d"):format(n, c, h, w, o, k, k, stride)
  if name:find(wanted) then
    local theirs <const> = peer(case) -- first: it takes seconds to start
    local mine <const>, work <const> = ours(case)
    local columns = {}
    for i, ms in ipairs(mine) do
      columns[i] = (" %6.2f %5.0f %6s"):format(ms, work / ms * 1e3, theirs[i] and ("%.2f"):format(theirs[i] / ms) or "")
      all, all_theirs = all + ms, all_theirs + (theirs[i] or 0)
    end
    print(("%-43s | %s"):format(name, table.concat(columns, " | ")))
  end
end
print(("all: %.1f ms; PyTorch %.1f ms, ratio %.2f"):format(all, all_theirs, all_theirs / all))
