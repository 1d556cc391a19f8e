-- How tokens move when time, or a corrector, goes on for a while. Each token of x_t either is that
-- of x1 (settled) or that of x0 (open), and the model says what x1 may be. While the model's word
-- stands, which is for one move,
--   an open token settles      at the rate (1 + b) k' / (1 - k)
--   a settled one opens        at the rate b k' / k, as a new token of the source
--   an open one is drawn anew  at the rate k' / k
-- with k = t^power. For every b >= 0 the path's distribution at t' is what comes out, for the best
-- model: b = 0 undoes, backward in time, a noise that draws each token anew at the rate k' / k, and
-- the corrector b = beta adds rates forward and the same backward. Gat et al. 2024, section 3.
-- A move is { settle, open, anew }: probabilities, in closed form.
local fm <const> = require "fm"
local paths <const> = require "fm.discrete.parts.paths"

local moves <const> = {}

--- From k to a later k2. A source whose probabilities are not known is not drawn anew, and it takes
--- b = 0.
function moves.step(k, k2, b, known)
  local left = (1 - k2) / (1 - k)
  local apart = left ^ (1 + b) * (k / k2) ^ b -- how much of it is left that a token is settled, or not
  local settle = k2 - k * apart
  local untouched = left ^ (1 + b) * (known and k / k2 or 1)
  return { settle = settle, open = math.max(0, 1 - k2 - (1 - k) * apart), anew = math.max(0, 1 - settle - untouched) }
end

--- At k, by b times the rates forward and backward of a step in which k rose by `rise`: the
--- distribution stays what it is.
function moves.correction(k, rise, b)
  local share = 1 - math.exp(-b * rise / (k * (1 - k)))
  local settle = k * share
  return { settle = settle, open = (1 - k) * share, anew = math.max(0, 1 - settle - math.exp(-b * rise / (1 - k))) }
end

--- Which tokens are settled at k, as 1 and 0, if x1 is `tokens`: one that looks like it may be
--- open.
local function settled(path, x, tokens, k, rng)
  return x:eq(tokens) * rng:uniform(x:shape()):lt(k / (k + (1 - k) * paths.chance(path, x)))
end

--- x at k after a move, if x1 is `tokens`. Both [B, L].
function moves.made(path, move, x, tokens, k, rng)
  local u = rng:uniform(x:shape())
  if path.masks then
    local open = x:eq(path.states)
    x = fm.where(open * u:lt(move.settle), tokens, x)
    return move.open > 0 and fm.where((1 - open) * u:lt(move.open), path.states, x) or x
  end
  if not path.probability then return fm.where(u:lt(move.settle), tokens, x) end
  local fast = settled(path, x, tokens, k, rng)
  local opens = fm.where(fast, u:lt(move.open), u:ge(move.settle) * u:lt(move.settle + move.anew))
  local settles = (1 - fast) * u:lt(move.settle)
  return fm.where(opens, path:start(#x, x:size(2), rng), fm.where(settles, tokens, x))
end

return moves
