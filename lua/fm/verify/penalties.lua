-- What a loss does with a batch beside its pairs: what each penalty makes of the differences, by
-- hand, and how many rows lose their condition.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local formula_of <const> = require "fm.verify.parts.formula_of"
local worst <const> = require "fm.verify.parts.worst"

local flow <const> = fm.flow

-- The mean over a batch of differences, [B, D] as lists: of cost(|d|), or of whole rows.
local function over_all(cost)
  return function(rows)
    local sum = 0
    for _, row in ipairs(rows) do
      for _, d in ipairs(row) do sum = sum + cost(math.abs(d)) / (#rows * #row) end
    end
    return sum
  end
end

local function pseudo_huber(c)
  return function(rows)
    local sum = 0
    for _, row in ipairs(rows) do sum = sum + (math.sqrt(row[1] ^ 2 + row[2] ^ 2 + c * c) - c) / #rows end
    return sum
  end
end

-- Of each penalty: options, and what a batch costs.
local costs <const> = {
  mse = { { nil, over_all(function(d) return d * d end) } },
  huber = {
    { nil, over_all(function(d) return d <= 1 and d * d / 2 or d - 0.5 end) },
    { { delta = 0.4 }, over_all(function(d) return d <= 0.4 and d * d / 2 or 0.4 * (d - 0.2) end) },
  },
  pseudo_huber = { { nil, pseudo_huber(0.00054 * math.sqrt(2)) }, { { c = 0.7 }, pseudo_huber(0.7) } },
}

local function dropped(case)
  local n <const>, lost = 20000, nil
  local function model(x, _, labels)
    lost = labels:eq(3):detach()
    return x
  end
  local o <const> = { rng = case.rng, cond = fm.ones(n), drop = 0.2, null = 3 }
  flow.loss(model, fm.zeros(n, 1), o)
  case:mean("share of conditions dropped, 0.2", lost, 0.2)
end

local function penalties(case)
  local B <const> = 60
  local x0, x1, guess = case.rng:normal(B, 2), case.rng:normal(B, 2), case.rng:normal(B, 2)
  local apart, all = (guess - (x1 - x0)):totable(), {}
  for _, name in ipairs(by_name.names "fm.flow.penalty") do
    all[#all + 1] = { name, formula_of(costs, "penalty", name) }
  end
  local error, which = worst(all, function(list, name)
    local largest = 0
    assert(#list > 0, name)
    for _, cost in ipairs(list) do
      local penalty = { name }
      for key, value in pairs(cost[1] or {}) do penalty[key] = value end
      local loss = flow.loss(function() return guess end, x1, { x0 = x0, t = fm.full({ B }, 0.5), loss = penalty }):item()
      largest = math.max(largest, math.abs(loss / cost[2](apart) - 1))
    end
    return largest
  end)
  case:row(("loss by %d penalties"):format(#all), error, 100 * case.rounding, "100 roundings; the largest is of " .. which)
end

return {
  about = "what every penalty makes of differences, by hand, and how many conditions a loss drops",
  run = function(case)
    penalties(case)
    dropped(case)
  end,
}
