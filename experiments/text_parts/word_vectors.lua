-- Vectors of words, what samples of a flow over them decode to, and how near they come to them.
local fm <const> = require "fm"
local data, metrics = fm.data, fm.metrics

local word_vectors <const> = {}

--- Read from a file of word vectors, or when its path is empty made from a text: mutual information
--- of neighbouring words, shortened by PCA. Their mean is 0 and their numbers' mean square is 1.
function word_vectors.read(path, corpus, dim)
  local vectors, words
  if path ~= "" then
    vectors, words = data.vectors(path)
    if not vectors then error(words, 0) end
  else
    local _, sentences = assert(data.text(corpus))
    vectors, words = data.cooccurrence(sentences)
    vectors = metrics.pca(vectors, math.min(dim, #words))
  end
  vectors = vectors - vectors:mean(1)
  return vectors / vectors:square():mean():sqrt(), words
end

--- The word nearest to each row by the cosine, and the mean of these cosines.
function word_vectors.decode(x, vectors, words)
  local function unit(v) return v / (v:norm { axis = 2, keep = true } + 1e-9) end
  local index, distance = metrics.nearest(unit(x), unit(vectors))
  local found = index:totable()
  for i, at in ipairs(found) do found[i] = words[math.tointeger(at)] end
  return found, 1 - distance:square():mean():item() / 2
end

--- Samples beside true rows, and as many other true rows beside the same: the floor. A row is on a
--- word when it is no farther from it than 95 % of true rows are.
function word_vectors.compare(x, truth, other, vectors)
  local _, distance = metrics.nearest(truth, vectors)
  local hit, _, hits = metrics.mode_coverage(x, vectors, distance:sort()[math.ceil(0.95 * #truth)])
  local found = { on_word = hits:sum():item() / #x, words_hit = hit }
  for name, metric in pairs { energy = metrics.energy_distance, w2 = metrics.wasserstein2 } do
    found[name], found[name .. "_floor"] = metric(x, truth), metric(other, truth)
  end
  return found
end

return word_vectors
