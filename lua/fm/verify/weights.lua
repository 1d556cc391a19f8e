-- How the times of a batch are drawn, and how the losses at them are weighted: shares below a time
-- against the distribution of each sampler, and the loss of models that say the same in every form.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local formula_of <const> = require "fm.verify.parts.formula_of"
local worst <const> = require "fm.verify.parts.worst"

local flow <const> = fm.flow

local function sinh(x) return (math.exp(x) - math.exp(-x)) / 2 end

-- Of each sampler: options, a time, and the share of draws before it.
local before <const> = {
  uniform = { nil, 0.3, 0.3 },
  stratified = { nil, 0.3, 0.3 },
  grid = { { steps = 4 }, 0.3, 0.5 },
  power = { { a = 2 }, 0.8, 0.8 ^ 3 },
  cosmap = { nil, 0.7, math.atan(0.7 / 0.3) * 2 / math.pi },
  u_shaped = { { a = 3 }, 0.2, 0.5 + sinh(3 * (0.2 - 0.5)) / sinh(1.5) / 2 },
  logit_normal = { { mean = -0.4, std = 0.6 }, 1 / (1 + math.exp(0.4 - 0.6)), 0.8413447460685429 }, -- one deviation above the mean
}

-- Of each weight: what the square of the error of the data counts at a, s, with w = s a' - a s'.
local counts <const> = {
  snr = function(a, s) return (a / s) ^ 2 end,
  min_snr = function(a, s) return math.min((a / s) ^ 2, 5) end,
  velocity = function(_, s, w) return (w / s) ^ 2 end,
  likelihood = function(a, s, w) return w / (a * s) * (a / s) ^ 2 end,
  edm = function(a, s) return ((s / a) ^ 2 + 0.25) / (s / a * 0.5) ^ 2 end,
}

local function times(case)
  local n <const> = 20000
  for _, name in ipairs(by_name.names "fm.flow.time") do
    local o <const> = formula_of(before, "time sampler", name)
    local t = flow.time(name, o[1])(case.rng, n)
    case:mean(("share of times before %.2g, %s"):format(o[2], name), t:lt(o[2]), o[3])
  end
  local strata = (flow.time "stratified"(case.rng, n) * n):sort():totable()
  local largest = 0
  for i, at in ipairs(strata) do largest = math.max(largest, i - 1 - at, at - i) end
  case:row("stratified: outside of its part", largest, n * case.rounding, "a rounding of n t, up to n")
end

-- A guess of the data in every form: its error counts the same, whatever the loss compares.
local function weighted(case, path)
  local B <const> = 60
  local x0, x1, guess = case.rng:normal(B, 2), case.rng:normal(B, 2), case.rng:normal(B, 2)
  local list, square = {}, (x1 - guess):square():mean(2):totable()
  for i = 1, B do list[i] = 0.1 + 0.8 * (i - 1) / (B - 1) end
  local t, all = fm.tensor(list), {}
  for _, name in ipairs(by_name.names "fm.flow.weight") do all[#all + 1] = { name, formula_of(counts, "weight", name) } end
  local error, which = worst(all, function(count, name)
    local want, largest = 0, 0
    for i = 1, B do
      local a, s, da, ds = path:coefficients(list[i])
      want = want + count(a, s, s * da - a * ds) * square[i] / B
    end
    for _, form in ipairs(by_name.names "fm.flow.prediction") do
      local function model(x, at) return flow.convert(guess, "data", form, x, at, path) end
      local loss = flow.loss(model, x1, { x0 = x0, t = t, path = path, predict = form, weight = name }):item()
      largest = math.max(largest, math.abs(loss / want - 1))
    end
    return largest
  end)
  return error, which, #all
end

return {
  about = "how times are drawn and losses are weighted, for every sampler and weight, in every form",
  seconds = 1,
  run = function(case)
    times(case)
    for _, name in ipairs { "linear", "cosine" } do
      local error, which, count = weighted(case, flow.path(name))
      case:row(("loss by %d weights on %s"):format(count, name), error, 2000 * case.rounding,
        "2000 roundings: forms are divided by a and s down to 0.1; the largest is of " .. which)
    end
  end,
}
