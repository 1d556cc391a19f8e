-- Two tokens of three kinds whose joint distribution is known: what the best model knows of them,
-- its loss, the bound on bits, samples, also with one token given. With J [3, 3] the probabilities,
-- the best model says of a token what J, the token beside it and what is left of both say.
local fm <const> = require "fm"
local total_variation <const> = require "fm.verify.parts.total_variation"

local discrete <const> = fm.discrete
local V <const>, J <const> = 3, { { 0.30, 0.04, 0.06 }, { 0.02, 0.22, 0.01 }, { 0.05, 0.10, 0.20 } }

-- The sums of J over b, or over a.
local function sums(by_second)
  local list = {}
  for k = 1, V do
    list[k] = 0
    for i = 1, V do list[k] = list[k] + (by_second and J[i][k] or J[k][i]) end
  end
  return list
end
local first <const>, second <const> = sums(false), sums(true)

-- Nats.
local function entropy(p)
  local h = 0
  for _, v in ipairs(p) do h = h - v * math.log(v) end
  return h
end

local function joint()
  local list = {}
  for a = 1, V do table.move(J[a], 1, V, #list + 1, list) end
  return list
end

-- n rows of J.
local function data(n, rng)
  local pick, cell, below = rng:uniform(n), fm.ones(n), 0
  for _, p in ipairs { table.unpack(joint(), 1, V * V - 1) } do
    below = below + p
    cell = cell + pick:ge(below)
  end
  local a = fm.tensor { 1, 1, 1, 2, 2, 2, 3, 3, 3 }:index_select(cell, 1)
  return fm.cat(a:reshape(n, 1), (cell - (a - 1) * V):reshape(n, 1), 2):detach()
end

-- The best model of a path: by Bayes, with how likely each token of x1 makes what is seen of it.
local function best(path)
  local table_of, kinds = fm.tensor(J), fm.range(1, V):reshape(1, V)
  return function(xt, t)
    local function likely(place)
      local seen = xt:slice { axis = 2, first = place, last = place }
      local same = seen:eq(kinds)
      if path.masks then return fm.where(seen:gt(V), 1, same) end
      local kept = t:reshape(-1, 1) ^ path.power
      return same * kept + (1 - kept) / V
    end
    local one, two = likely(1), likely(2)
    local of_one, of_two = one * two:matmul(table_of:transpose { axes = { 2, 1 } }), two * one:matmul(table_of)
    return fm.cat(of_one:reshape(-1, 1, V), of_two:reshape(-1, 1, V), 2):clamp({ min = 1e-30 }):log()
  end
end

-- Masked: a token is open with the probability 1 - k, and so is the one beside it.
local function loss(case, power)
  local path, list = discrete.path { vocabulary = V, power = power }, {}
  local alone, pair = entropy(first) + entropy(second), entropy(joint())
  for i = 1, 20 do list[i] = discrete.loss(best(path), data(20000, case.rng), { path = path, rng = case.rng }):item() end
  local open, both = 1 - 1 / (power + 1), 1 - 2 / (power + 1) + 1 / (2 * power + 1)
  local want = (both * alone + (open - both) * (2 * pair - alone)) / (2 * open)
  case:mean(("masked, power %g: loss of the best model"):format(power), list, want, 1e-4, "2 / 20000 for a mean over tokens, not rows")
end

local function bits(case, model, path, name)
  local found, off = discrete.bits(model or best(path), data(100000, case.rng), { path = path, rng = case.rng })
  local h = entropy(joint()) / 2 / math.log(2)
  if not model then
    case:row(name .. ": bits of the best model", math.abs(found - h), 5 * off, "5 standard errors of 100000 rows: the bound is the entropy")
  else
    case:row(name .. ": bits below the entropy", math.max(0, h - found), 5 * off, "5 standard errors of 100000 rows")
    case:row(name .. ": bits above the entropy, share", math.max(0, found / h - 1), 0.05, "5 %")
  end
end

local draws <const> = 50000

local function cells(x)
  return ((x:slice { axis = 2, first = 1, last = 1 } - 1) * V + x:slice { axis = 2, first = 2, last = 2 }):reshape(-1)
end

local function samples(case, model, path, name, want, own, why)
  local x = discrete.sample(model, { path = path, n = draws, length = 2, steps = 64, rng = case.rng })
  total_variation(case, cells(x), name .. ": total variation of samples", want, own, why)
end

-- The first token is given for half of the rows, the second for the others: with the right
-- distributions of what is not, all rows are of the joint distribution.
local function given(case, path)
  local known, half = data(draws, case.rng), fm.range(1, draws):le(draws / 2):reshape(-1, 1)
  local mask = fm.cat(half, 1 - half, 2)
  local x = discrete.inpaint(best(path), known, mask, { path = path, steps = 4, corrections = 1, rng = case.rng })
  case:row("masked: tokens that were given and moved", (x:ne(known) * mask):sum():item(), 0, "none")
  total_variation(case, cells(x), "masked: total variation with one of two given", joint(), 0, "nothing: one token is open")
end

-- In 64 equal steps both tokens settle in one step with the probability 1/64; each is then drawn
-- alone.
local function settled_together()
  local list = joint()
  for a = 1, V do
    for b = 1, V do list[(a - 1) * V + b] = J[a][b] * 63 / 64 + first[a] * second[b] / 64 end
  end
  return list
end

local function trained(case, path, name)
  local nn = fm.nn
  local kinds = nn.embedding(path.states, 8)
  local net = nn.mlp { inputs = 17, hidden = { 32, 32 }, outputs = 2 * V, act = "silu" }
  local model = discrete.posterior(function(xt, t)
    return net(fm.cat(kinds(xt):reshape(-1, 16), t:reshape(-1, 1), 2)):reshape(-1, 2, V)
  end, { path = path })
  local parameters = kinds:parameters()
  table.move(net:parameters(), 1, #net:parameters(), #parameters + 1, parameters)
  local opt, rate = fm.optim.adam(parameters, { lr = 5e-3 }), fm.optim.cosine { lr = 5e-3, steps = 1000, floor = 0.01 }
  for step = 1, 1000 do
    opt.lr = rate(step)
    opt:step(function() return discrete.loss(model, data(512, case.rng), { path = path, rng = case.rng }) end)
  end
  bits(case, model, path, name)
  samples(case, model, path, name, joint(), 0.02, "0.02 for the network and 64 steps")
end

return {
  about = "two tokens of a known joint distribution: loss, bits, samples, one token given, a trained network",
  seconds = 6,
  run = function(case)
    loss(case, 1)
    loss(case, 2)
    local masked, drawn = discrete.path { vocabulary = V }, discrete.path { vocabulary = V, source = "uniform" }
    bits(case, nil, masked, "masked")
    bits(case, nil, drawn, "uniform")
    samples(case, best(masked), masked, "masked", settled_together(), 0, "nothing: what 64 steps do is known")
    samples(case, best(drawn), drawn, "uniform", joint(), 1 / 64, "1/64: tokens that move in one step")
    given(case, masked)
    trained(case, masked, "masked, trained")
    trained(case, drawn, "uniform, trained")
  end,
}
