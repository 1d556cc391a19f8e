-- One token of three kinds, for which any number of steps is exact: with a corrector, with
-- corrections, from sources that draw evenly or not, and guided; and a single move against the
-- rates at which tokens settle and open.
local fm <const> = require "fm"
local total_variation <const> = require "fm.verify.parts.total_variation"

local discrete <const> = fm.discrete
local V <const>, classes <const> = 3, { { 0.30, 0.04, 0.06 }, { 0.02, 0.22, 0.01 }, { 0.05, 0.10, 0.20 } } -- shares of all
local of_all <const> = { 0.37, 0.36, 0.27 }
local draws <const> = 50000

-- One token of V kinds of probabilities p [n, V] or [1, V]: the best model.
local function alone(path, p)
  return function(xt, t)
    local k, same = path:kept(t):reshape(-1, 1), xt:eq(fm.range(1, V):reshape(1, V))
    local likely = path.masks and fm.where(xt:gt(V), 1, same) or same * k + (1 - k) * path.probability:index_select(xt:reshape(-1), 1):reshape(-1, 1)
    return (likely * p):clamp({ min = 1e-30 }):log():reshape(#xt, 1, V)
  end
end

-- A source of its own probabilities.
local odds <const> = { 0.2, 0.3, 0.5 }
local uneven <const> = {
  probability = function() return fm.tensor(odds) end,
  start = function(shape, _, rng)
    local u = rng:uniform(shape)
    return u:ge(odds[1]) + u:ge(odds[1] + odds[2]) + 1
  end,
}

-- What becomes of a token in a move while x1 is said to be 1, by many short steps of the rates at
-- k: an open one settles, or is drawn anew, a settled one opens. Gives the shares of open ones that
-- were never touched and that are settled, and of settled ones that are still (or again) settled.
local function rates_followed(rates)
  local n <const>, untouched, settled, kept = 20000, 1, 0, 1
  for i = 1, n do
    local settles, opens, anew = rates((i - 0.5) / n)
    untouched = untouched * math.exp(-(settles + anew) / n)
    local left = math.exp(-(settles + opens) / n)
    local end_share = settles / (settles + opens)
    settled, kept = end_share + (settled - end_share) * left, end_share + (kept - end_share) * left
  end
  return untouched, settled, kept
end

-- The shares of tokens after a move at k, from those that a path to the token `x1` has there. A
-- token 1 may be settled, by Bayes; any other is open.
local function after_move(k, x1, rates)
  local untouched, settled, kept = rates_followed(rates)
  local fast, want = k / (k + (1 - k) * odds[1]), {}
  local function before(a) return (1 - k) * odds[a] + (a == x1 and k or 0) end
  local function goes(from, to) return (from == to and untouched or 0) + (to == 1 and settled or 0) + (1 - untouched - settled) * odds[to] end
  for a = 1, V do
    want[a] = before(1) * fast * ((a == 1 and kept or 0) + (1 - kept) * odds[a])
    for from = 1, V do want[a] = want[a] + before(from) * (from == 1 and 1 - fast or 1) * goes(from, a) end
  end
  return want
end

-- A model that says one token, then 1, and in the last step what stands there.
local function moves(case)
  local path <const>, strength <const> = discrete.path { vocabulary = V, source = uneven }, 0.7
  local function row(what, says, o, k, rates)
    local calls = 0
    local function model(xt)
      calls = calls + 1
      local said = calls < 3 and fm.full({ draws, 1 }, calls == 1 and says or 1) or xt
      return (said:reshape(draws, 1, 1):eq(fm.range(1, V):reshape(1, 1, V)) - 1) * 1000
    end
    o.path, o.n, o.length, o.rng, o.corrector = path, draws, 1, case.rng, strength
    total_variation(case, discrete.sample(model, o):reshape(-1), "uneven: " .. what, after_move(k, says, rates), 1e-4, "the short steps of the rates")
  end
  for says = 1, 2 do
    row(("a correction of %ds by its rates"):format(says), says, { steps = 2, corrections = 1 }, 1 / 2, function()
      return strength / (1 - 0.5) / 2, strength / 0.5 / 2, 0
    end)
  end
  row("a step with a corrector, by its rates", 2, { steps = 3 }, 1 / 3, function(part)
    local k = (1 + part) / 3
    return (1 + strength) / (1 - k) / 3, strength / k / 3, 1 / k / 3
  end)
end

local function one_token(case, path, name)
  local model, nothing <const> = alone(path, fm.tensor(of_all):reshape(1, V)), "nothing: one token is not drawn apart from another"
  for how, o in pairs { ["a corrector"] = { corrector = 2 }, corrections = { corrections = 3 } } do
    o.path, o.n, o.length, o.steps, o.rng = path, draws, 1, 4, case.rng
    total_variation(case, discrete.sample(model, o):reshape(-1), ("%s: one token, 4 steps, %s"):format(name, how), of_all, 0, nothing)
  end
end

-- A token of a class under guidance w: p_class^w p^(1 - w), up to its sum.
local function guided(case, path)
  local w <const>, rows, want, sum = 3, fm.tensor(classes), {}, 0
  local function model(xt, t, c) return alone(path, c and rows:index_select(c, 1) or fm.tensor(of_all):reshape(1, V))(xt, t) end
  for a = 1, V do
    want[a] = classes[3][a] ^ w * of_all[a] ^ (1 - w)
    sum = sum + want[a]
  end
  for a = 1, V do want[a] = want[a] / sum end
  local field = discrete.guidance(function(...) return model(...) end, { cond = fm.full(draws, 3), scale = w })
  local x = discrete.sample(field, { path = path, n = draws, length = 1, steps = 4, rng = case.rng })
  total_variation(case, x:reshape(-1), "masked: guided by 3", want, 0, "nothing: masks leave the model's word as it is")
end

return {
  about = "one token: what comes out with a corrector, an uneven source, guidance; a move against its rates",
  seconds = 1,
  run = function(case)
    local masked = discrete.path { vocabulary = V }
    one_token(case, masked, "masked")
    one_token(case, discrete.path { vocabulary = V, source = "uniform" }, "uniform")
    one_token(case, discrete.path { vocabulary = V, source = uneven }, "uneven")
    moves(case)
    guided(case, masked)
  end,
}
