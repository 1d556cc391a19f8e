-- picture_step: milliseconds of a training step of a network for pictures, by the wall clock: 64
-- pictures of C x 32 x 32; flow loss, Adam. unet: 32 channels, multipliers 1, 2, 2, attention at
-- 8 x 8. dit: patches of 4 x 4, 128 wide, 4 heads, 4 layers. peers/picture_step.py is the same in
-- PyTorch.
--   fmrun --threads N tests/bench/picture_step.lua [-- unet|dit [CHANNELS]]    one line of JSON
-- FM_BENCH_SECONDS sets its time.
local fm <const> = require "fm"
local name <const>, channels <const> = arg[1] or "unet", math.tointeger(tonumber(arg[2] or "1"))
local seconds <const> = tonumber(os.getenv "FM_BENCH_SECONDS" or "6")

local rng <const> = fm.rng(0)
local make <const> = {
  unet = function() return fm.nn.unet { channels = channels, width = 32, multipliers = { 1, 2, 2 } } end,
  dit = function() return fm.nn.dit { channels = channels, size = 32, patch = 4, dim = 128, heads = 4, layers = 4 } end,
}
local model <const> = make[name]()
local opt <const> = fm.optim.adam(model, { lr = 1e-3 })
local x1 <const> = rng:normal(64, channels, 32, 32)
local settings <const> = { rng = rng }
local function loss() return fm.flow.loss(model, x1, settings) end

for _ = 1, 3 do opt:step(loss) end
local all = {}
local start <const> = fm.system.seconds()
repeat
  local before = fm.system.seconds()
  opt:step(loss)
  all[#all + 1] = (fm.system.seconds() - before) * 1e3
until fm.system.seconds() - start >= seconds
table.sort(all)
local peak
for line in io.lines "/proc/self/status" do peak = tonumber(line:match "^VmHWM:%s*(%d+)") or peak end
print(('{"peer":"fmrun","model":"%s","threads":%d,"channels":%d,"ms_per_step":%.1f,"least_ms":%.1f,"peak_mb":%.0f}'):format(
  name, fm.system.threads(), channels, all[(#all + 1) // 2], all[1], peak / 1024))
