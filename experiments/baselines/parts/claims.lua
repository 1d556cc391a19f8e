-- The five rows of the article's table, with what is measured behind each word. A verdict is about
-- one method beside another, from the 95 % intervals of both.
local arms <const> = require "baselines.parts.arms"
local text_of <const> = require "baselines.parts.interval_text"

local function mean(key, scale) return function(arm) return arms.mean(arm, key, scale) end end

-- better: "lower" or "higher"; "one": the claim is that it is 1
local rows <const> = {
  { "Training", "CPU ms a step", mean "ms_per_step", "lower" },
  { "", "CPU s to quality", mean "seconds_to_quality", "lower" },
  { "Sampling", "evaluations", mean "nfe_to_quality", "lower" },
  { "", "1000 / CPU s", mean("samples_per_second", 1e-3), "higher" },
  { "Theory", "way / optimal way", mean "transport", "one" },
  { "Stability", "share of runs", arms.share, "higher" },
  { "", "worst / best lr", arms.spread, "lower" },
  { "Memory", "training kB", mean("training_bytes", 1e-3), "lower" },
  { "", "sampling kB", mean("sampling_bytes", 1e-3), "lower" },
}

local notes <const> = {
  "The article says, flow matching | DDPM: training process: direct vector field learning | multi-step denoising; sampling speed: fast (single ODE "
    .. "solve) | slow (many denoising steps); theoretical foundation: optimal transport | score matching; training stability: high | moderate; memory "
    .. "usage: lower | higher.",
  "evaluations: the fewest that give the quality, and 1000 samples a CPU second with them. way / optimal way: the mean square of the way from noise to "
    .. "sample over that of the optimal transport between the same ends. share of runs: of all learning rates that have the quality. worst / best lr: "
    .. "the distance at the worst of the learning rates over that at the best.",
  "holds: the difference is more than both intervals together; opposite: so it is, the other way round; within 5 %: no difference in practice.",
}

local near <const> = 0.05 -- a difference that is none in practice

local function verdict(a, b, better)
  if not a.mean or not b.mean then return a.mean and "holds: alone" or b.mean and "opposite" or "neither" end
  local off = math.abs(a.mean - b.mean)
  if off <= near * math.abs(b.mean) then return "within 5 %" end
  if off <= (a.half or 0) + (b.half or 0) then return "not shown" end
  return (a.mean < b.mean) == (better == "lower") and "holds" or "opposite"
end

local function is_one(a) return a.mean ~= nil and a.mean + (a.half or 0) <= 1 + near end

local function one(a, b)
  if not a.mean then return "not measured" end
  if is_one(a) then return is_one(b) and "holds for both" or "holds" end
  return a.mean - (a.half or 0) > 1 + near and "does not hold" or "not shown"
end

--- The table of one method beside another, of a data set of arms.of.
return function(of_data, first, other)
  local list = {}
  for i, row in ipairs(rows) do
    local own, beside = row[3](of_data.methods[first]), row[3](of_data.methods[other])
    list[i] = { row[1], row[2], text_of(own), text_of(beside), row[4] == "one" and one(own, beside) or verdict(own, beside, row[4]) }
  end
  return { columns = { "claim", "measured", first, other, "verdict" }, rows = list, notes = notes }
end
