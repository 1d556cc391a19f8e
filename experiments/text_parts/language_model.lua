-- A causal transformer as an autoregressive model of characters: it sees the characters before each
-- place, the input shifted by one, and gives the logits of the character there. The first place
-- sees zeros: it knows nothing. The time that nn.transformer asks for is 1 everywhere.
local fm <const> = require "fm"

local language_model <const> = {}

local rows_at_once <const> = 32

--- A model of V characters and up to o.length of them.
function language_model.new(V, o)
  return fm.nn.transformer { inputs = V, length = o.length, dim = o.dim, heads = o.heads, layers = o.layers, causal = true }
end

--- logits [B, L, V] of each character of ids [B, L] from those before it.
function language_model.logits(model, ids, V)
  local B <const>, L <const> = #ids, ids:size(2)
  local before = fm.zeros(B, 1, V)
  if L > 1 then before = fm.cat(before, fm.one_hot(ids[{ {}, { 1, L - 1 } }], { n = V }), 2) end
  return model(before, 1)
end

--- Mean of -ln p over the characters of ids: what training makes small.
function language_model.loss(model, ids, V)
  return language_model.logits(model, ids, V):reshape(-1, V):cross_entropy(ids:reshape(-1))
end

--- Bits per character of each row of ids, [n]: -log2 p(row) / L.
function language_model.bits(model, ids, V)
  local parts <const>, L <const> = {}, ids:size(2)
  for first = 1, #ids, rows_at_once do
    local scope <close> = fm.scope()
    local rows = ids[{ first, math.min(first + rows_at_once - 1, #ids) }]
    local log_p = language_model.logits(model, rows, V):log_softmax(3):gather(rows:reshape(#rows, L, 1), 3)
    parts[#parts + 1] = (log_p:reshape(#rows, L):mean(2) / -math.log(2)):detach()
  end
  return fm.cat(parts, 1)
end

--- n rows of `length` characters, drawn one after another.
function language_model.sample(model, n, length, V, rng)
  local ids = fm.ones(n, length):detach()
  for i = 1, length do
    local scope <close> = fm.scope()
    local logits = language_model.logits(model, ids[{ {}, { 1, i } }], V)[{ {}, { i, i } }]
    ids[{ {}, { i, i } }] = fm.discrete.draw(logits, { rng = rng })
  end
  return ids
end

return language_model
