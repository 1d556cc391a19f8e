-- The five rows of the article's table, with what is measured behind each word. A verdict is about
-- one method beside another, from the ends of both figures.
local figures <const> = require "baselines.parts.figures"
local text_of <const> = require "baselines.parts.interval_text"

local mean <const> = figures.mean

-- better: "lower" or "higher"; "one": the claim is that it is 1
local rows <const> = {
  { "Training", "CPU ms a step", mean "ms_per_step", "lower" },
  { "", "CPU s to quality", figures.seconds, "lower" },
  { "Sampling", "evaluations", figures.evaluations, "lower" },
  { "", "1000 / CPU s", figures.samples, "higher" },
  { "Theory", "way / optimal way", mean "transport", "one" },
  { "Stability", "share of runs", figures.share, "higher" },
  { "", "worst / best lr", figures.spread, "lower" },
  { "Memory", "training kB", mean("training_bytes", 1e-3), "lower" },
  { "", "sampling kB", mean("sampling_bytes", 1e-3), "lower" },
}

local notes <const> = {
  "The article says, flow matching | DDPM: training process: direct vector field learning | multi-step denoising; sampling speed: fast (single ODE "
    .. "solve) | slow (many denoising steps); theoretical foundation: optimal transport | score matching; training stability: high | moderate; memory "
    .. "usage: lower | higher.",
  "holds: the intervals of the two are apart, in the sense of the claim; opposite: they are apart the other way round; within 5 %: no two points of "
    .. "them are farther apart than that; not shown: all else. A figure that fewer than two runs have, or not all, shows nothing; then the verdict tells "
    .. "how many have it.",
  "CPU s to quality: the quality is tested a few times in a training; \"over\": the test before, which did not have it. evaluations: the fewest of the "
    .. "settings tried that give it; \"over\": the setting before, which does not. 1000 samples a CPU second with them; \"under\": with the setting before. "
    .. "What is true lies between the two, and the intervals reach over both, so a difference of one step of the grid shows nothing. Most methods were "
    .. "tried with 1, 2, 4, 8, ... evaluations and edm with 1, 3, 7, 15, ...: two evaluations a step, but one in edm's last. So a flow's 8 and edm's 15 "
    .. "are neighbouring settings.",
  "way / optimal way: the mean square of the way from noise to sample over that of the optimal transport between the same ends. On pictures it tells "
    .. "nothing: 256 points in 1,024 dimensions are all about as far from each other, and vae and gan_penalty, which learn no way, have 1 as well.",
  "share of runs: of all learning rates that have the quality, and the 95 % interval of a share (Wilson 1927). It takes the runs for independent, but "
    .. "those of one seed have the same data. worst / best lr: the distance at the worst of the learning rates over that at the best, of the seeds that "
    .. "have all rates; where the worst is the lowest, it tells of a training too short for that rate more than of stability, see below.",
}

local near <const> = 0.05 -- a difference that is none in practice

local function open(a, b)
  if not (a.of and b.of) then return "not measured" end
  if a.n == a.of and b.n == b.of then return "not shown" end
  return ("not shown (%d of %d, %d of %d)"):format(a.n, a.of, b.n, b.of)
end

local function verdict(a, b, better)
  if not (a.low and b.low) then return open(a, b) end
  if math.max(a.high - b.low, b.high - a.low) <= near * math.abs(b.mean) then return "within 5 %" end
  if a.high >= b.low and b.high >= a.low then return "not shown" end
  return (a.mean < b.mean) == (better == "lower") and "holds" or "opposite"
end

local function is_one(a) return a.low ~= nil and a.high <= 1 + near end

local function one(a, b, kind)
  if kind == "pictures" then return "tells nothing" end
  if is_one(a) then return is_one(b) and "holds for both" or "holds" end
  return a.low and a.low > 1 + near and "does not hold" or open(a, b)
end

local function cell(found)
  return table.concat({ text_of(found), found.limit }, ", ")
end

--- The table of one method beside another, of a data set of arms.of; kind: of its data.
return function(of_data, kind, first, other)
  local list = {}
  for i, row in ipairs(rows) do
    local own, beside = row[3](of_data.methods[first]), row[3](of_data.methods[other])
    local word = row[4] == "one" and one(own, beside, kind) or verdict(own, beside, row[4])
    list[i] = { row[1], row[2], cell(own), cell(beside), word }
  end
  return { columns = { "claim", "measured", first, other, "verdict" }, rows = list, notes = notes }
end
