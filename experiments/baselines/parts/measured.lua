-- How far the samples of a method are from the data after n evaluations, and what they cost: {
-- distance, seconds of CPU time, samples, bytes that tensors held at most while it sampled }.
local fm <const> = require "fm"

return function(task, made, n)
  local cost, model = { seconds = 0, samples = 0, bytes = 0 }, made.net.model
  local function draw(z, rng)
    local held, began = fm.live_bytes(), os.clock()
    fm.peak_begin()
    local x = made.sample(z, n, rng)
    cost.seconds, cost.samples = cost.seconds + os.clock() - began, cost.samples + #z
    cost.bytes = math.max(cost.bytes, fm.peak_bytes() - held)
    return x
  end
  model:eval()
  cost.distance = made.net.average:swap(function() return task.distance(draw) end)
  model:train()
  return cost
end
