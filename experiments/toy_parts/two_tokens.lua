-- Two tokens of three kinds whose joint distribution is known.
local fm <const> = require "fm"

local V <const>, joint <const> = 3, fm.tensor { { 0.30, 0.02, 0.05 }, { 0.04, 0.22, 0.02 }, { 0.10, 0.05, 0.20 } }

local two_tokens <const> = { kinds = V, entropy = (joint * joint:log()):sum():item() / -2 / math.log(2) } -- bits per token

local function column(x, i) return x:slice { axis = 2, first = i, last = i } end

--- n pairs.
function two_tokens.draw(n, rng)
  local code = rng:uniform(n, 1):ge(joint:reshape(1, -1):cumsum(2)):sum { axis = 2, keep = true }
  local first = code:ge(V) + code:ge(2 * V)
  return fm.cat(first + 1, code - first * V + 1, 2)
end

function two_tokens.total_variation(x)
  local shares = fm.one_hot(column(x, 1):reshape(-1), V):transpose():matmul(fm.one_hot(column(x, 2):reshape(-1), V)) / #x
  return (shares - joint):abs():sum():item() / 2
end

--- The best model of a path, by Bayes: how likely what is seen of each token makes each kind, and
--- the joint.
function two_tokens.best(path)
  return function(xt, t)
    local k = path.masks and 1 or path:kept(t:reshape(-1, 1))
    local function likely(i)
      local seen = column(xt, i)
      return seen:eq(fm.range(1, V):reshape(1, V)) * k + (path.masks and seen:gt(V) or (1 - k) / V)
    end
    local a, b = likely(1), likely(2)
    return fm.stack({ a * b:matmul(joint:transpose()), b * a:matmul(joint) }, 2):log()
  end
end

return two_tokens
