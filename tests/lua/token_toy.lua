-- Two tokens of three kinds that depend on each other, with a joint distribution that is known, and
-- the best model of a path between a source and them.
local fm <const> = require "fm"

local V <const> = 3
-- Two tokens that depend on each other; entropy 2.64 bits, 1.32 a token.
local joint <const> = { { 0.30, 0.02, 0.05 }, { 0.04, 0.22, 0.02 }, { 0.10, 0.05, 0.20 } }

local function entropy() -- bits a token
  local sum = 0
  for _, row in ipairs(joint) do
    for _, p in ipairs(row) do sum = sum - p * math.log(p, 2) end
  end
  return sum / 2
end

local function draw(n, rng)
  local flat, total = {}, 0
  for _, row in ipairs(joint) do
    for _, p in ipairs(row) do
      total = total + p
      flat[#flat + 1] = total
    end
  end
  local code = fm.zeros(n, 1) + 1
  local u = rng:uniform(n, 1)
  for i = 1, 8 do code = code + u:ge(flat[i]) end
  local second = code
  for _ = 1, 2 do second = fm.where(second:gt(3), second - 3, second) end
  return fm.cat((code - second) / 3 + 1, second, 2)
end

local function total_variation(tokens)
  local sum = 0
  for a = 1, V do
    for b = 1, V do
      local share = (tokens:slice { axis = 2, first = 1, last = 1 }:eq(a) * tokens:slice { axis = 2, first = 2, last = 2 }:eq(b)):mean():item()
      sum = sum + math.abs(share - joint[a][b]) / 2
    end
  end
  return sum
end

--- The best model, by Bayes: P(x1 | x_t) at k = t^power, with p(x_t | x1) of the path.
local function best(path)
  return function(xt, t)
    local k, out = path:kept(t:reshape(-1, 1)), {}
    local weights, all = {}, 0
    local function given(i, a) -- p(x_t[i] | x1[i] = a) times what is the same for all a, [B, 1]
      local x = xt:slice { axis = 2, first = i, last = i }
      if path.masks then return x:eq(a) + x:eq(V + 1) end
      return x:eq(a) * k + path.probability:index_select(x:reshape(-1), 1):reshape(-1, 1) * (1 - k)
    end
    for a = 1, V do
      for b = 1, V do
        weights[a .. b] = given(1, a) * given(2, b) * joint[a][b]
        all = all + weights[a .. b]
      end
    end
    for i = 1, V do
      local first, second = 0, 0
      for j = 1, V do
        first, second = first + weights[i .. j], second + weights[j .. i]
      end
      out[i], out[V + i] = first / all, second / all
    end
    return (fm.cat(out, { axis = 2 }):reshape(-1, 2, V) + 1e-30):log()
  end
end

return { vocabulary = V, joint = joint, entropy = entropy, draw = draw, total_variation = total_variation, best = best }
