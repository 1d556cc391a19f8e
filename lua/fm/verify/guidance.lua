-- Guidance against closed forms. Guided between normals the flow stays linear, and its stretch is
-- the product of powers: d^w times (the other's d)^(1 - w). Of mixtures, the guided score is the
-- slope of w log p(x | c) + (1 - w) log p(x).
local fm <const> = require "fm"

local flow <const>, ode <const> = fm.flow, fm.ode

-- A model of labels: 1 and 2 are classes, 3 is none.
local function by_label(flows)
  return function(x, t, labels)
    local v
    for k, each in ipairs(flows) do
      local at = labels:eq(k):reshape(-1, 1)
      v = v and v + each(x, t) * at or each(x, t) * at
    end
    return v
  end
end

-- How much the distance of two points grows from t = 0 to t = 1.
local function stretch(field, o)
  local x = ode.solve(field, fm.tensor { { -1 }, { 1 } }, o)
  return (x[2][1] - x[1][1]) / 2
end

local function normals(case)
  local d <const>, none <const>, steps <const> = 0.5, 1.6, 100
  local own, wide = flow.exact.gaussian { mean = 1, std = d }, flow.exact.gaussian { mean = 0.2, std = none }
  local model = by_label { own, own, wide }
  local o <const> = { method = "rk4", steps = steps }
  local cond, null = fm.ones(2), fm.full({ 2 }, 3)
  local function row(what, given, want, bound, why)
    case:row(what, math.abs(stretch(flow.guidance(model, given), o) - want), bound, why)
  end
  local bound <const> = 1e-6 + 100 * case.rounding
  for _, w in ipairs { 0, 1, 2.5 } do
    row(("stretch of guided normals, w = %g"):format(w), { cond = cond, null = null, scale = w }, d ^ w * none ^ (1 - w), bound, "h^4 and 100 roundings")
  end
  local weak <const> = { cond = cond, weak = function(x, t) return wide(x, t) end, scale = 3 }
  row("autoguidance, w = 3", weak, d ^ 3 * none ^ -2, bound, "h^4 and 100 roundings")
  local function spread(std, t) return math.sqrt((t * std) ^ 2 + (1 - t) ^ 2) end
  local between = spread(d, 0.25) * (spread(d, 0.75) / spread(d, 0.25)) ^ 2 * (spread(none, 0.75) / spread(none, 0.25)) ^ -1 * d / spread(d, 0.75)
  row("guided from 0.25 to 0.75, w = 2", { cond = cond, null = null, scale = 2, interval = { 0.25, 0.75 } }, between, 1 / steps,
    "a step, at each end of the interval")
end

-- Numbers by hand: s = <v, v0> / |v0|^2 of each row, then s v0 + w (v - s v0).
local function zero_star(case)
  local v, null = case.rng:normal(20, 3), case.rng:normal(20, 3)
  local function model(_, _, labels) return fm.where(labels:eq(3):reshape(-1, 1), null, v) end
  local o <const> = { cond = fm.ones(20), null = fm.full({ 20 }, 3), scale = 1.7, kind = "cfg_zero_star", zero_steps = 1, steps = 10 }
  local field, want = flow.guidance(model, o), {}
  for i, row in ipairs(v:totable()) do
    local other, product, square = null[i]:totable(), 0, 0
    for k = 1, 3 do product, square = product + row[k] * other[k], square + other[k] ^ 2 end
    want[i] = {}
    for k = 1, 3 do
      local scaled = product / square * other[k]
      want[i][k] = scaled + 1.7 * (row[k] - scaled)
    end
  end
  local x = fm.zeros(20, 3)
  case:row("cfg_zero_star, numbers by hand", case.apart(field(x, 0.5), fm.tensor(want)), 200 * case.rounding, "200 roundings")
  case:row("cfg_zero_star, still at first", field(x, 0.05):abs():max():item(), 0, "exact")
end

-- Rows of their own times: w is 1 + t inside of the interval and 1 outside.
local function by_rows(case)
  local v, null, t = case.rng:normal(20, 3), case.rng:normal(20, 3), (fm.range(1, 20) - 0.5) / 20
  local function model(_, _, labels) return fm.where(labels:eq(3):reshape(-1, 1), null, v) end
  local field = flow.guidance(model, { cond = fm.ones(20), null = fm.full({ 20 }, 3), scale = function(at) return at + 1 end, interval = { 0.25, 0.7 } })
  local want = v:totable()
  for i, other in ipairs(null:totable()) do
    local at = (i - 0.5) / 20
    local w = at >= 0.25 and at <= 0.7 and 1 + at or 1
    for k = 1, 3 do want[i][k] = other[k] + w * (want[i][k] - other[k]) end
  end
  case:row("guided from 0.25 to 0.7, row by row", case.apart(field(fm.zeros(20, 3), t), fm.tensor(want)), 50 * case.rounding, "50 roundings")
end

local function mixtures(case)
  local w <const>, t <const>, h <const> = 2, 0.6, 0.02
  local classes <const> = { flow.exact.mixture { means = { { -1, 0 }, { -1, 2 } }, std = 0.6 }, flow.exact.mixture { means = { { 1.5, 0.5 } }, std = 0.8 } }
  local all = flow.exact.mixture { means = { { -1, 0 }, { -1, 2 }, { 1.5, 0.5 } }, std = { 0.6, 0.6, 0.8 }, weights = { 1, 1, 2 } }
  local model = by_label { classes[1], classes[2], all }
  local x = all:sample(100, case.rng, t)
  local guided = flow.guidance(model, { cond = fm.ones(100), null = fm.full({ 100 }, 3), scale = w })
  local score = flow.convert(guided(x, t), "velocity", "score", x, t)
  local function log_p(y) return classes[1]:log_prob(y, t) * w + all:log_prob(y, t) * (1 - w) end
  for k = 1, 2 do
    local step = fm.tensor { k == 1 and h or 0, k == 2 and h or 0 }
    local slope = (log_p(x + step) - log_p(x - step)) / (2 * h)
    local own = score:slice { axis = 2, first = k, last = k }:reshape(-1)
    case:row(("guided score of a mixture, axis %d"):format(k), case.apart(own, slope), 0.02, "h^2 = 0.0004 times a third derivative of up to 50")
  end
end

return {
  about = "guidance: stretch of normals, scores of mixtures, numbers by hand",
  run = function(case)
    normals(case)
    zero_star(case)
    by_rows(case)
    mixtures(case)
  end,
}
