-- What a trained method is worth: the results of a run of compare_baselines.lua, which explains
-- their names. seen: CPU seconds of the training, and the tests in it, { seconds, distance }.
local measured <const> = require "baselines.parts.measured"

--- The distance after each number of evaluations. Returns the least.
local function by_evaluations(run, task, made, evaluations, quality)
  local distances, best, reached = {}, math.huge, false
  for i, n in ipairs(evaluations) do
    local cost = measured(task, made, n)
    distances[i], best = cost.distance, math.min(best, cost.distance)
    run:summary { ["distance_" .. n] = cost.distance, sampling_bytes = cost.bytes + made.net.bytes }
    if not reached and cost.distance <= quality then
      run:summary { nfe_to_quality = n, samples_per_second = cost.samples / cost.seconds }
      reached = true
    end
  end
  run:curve("evaluations", { x = evaluations, y = distances, xlabel = "evaluations of the network", ylabel = task.unit, floor = task.floor, log = "xy" })
  return best
end

return function(run, task, made, evaluations, quality, seen)
  local best = by_evaluations(run, task, made, evaluations, quality)
  for _, test in ipairs(seen.tests) do
    if test[2] <= quality then run:summary { seconds_to_quality = test[1] } break end
  end
  run:summary { distance = best, distance_floor = task.floor, reached = best <= quality and 1 or 0, training_seconds = seen.seconds,
    training_bytes = seen.bytes, ms_per_step = seen.seconds * 1000 / task.steps }
  if best == math.huge then return end -- nothing to draw
  made.net.average:swap(function()
    local function draw(z, rng) return made.sample(z, evaluations[#evaluations], rng) end
    run:summary { transport = task.transport(draw) }
    run:picture("samples", task.picture(draw))
  end)
end
