#!/usr/bin/env fmrun
-- The article's TextFlowMatching: a flow over word vectors. They are read from a text-vector file,
-- or made from a small corpus when none is given: mutual information of neighbouring words,
-- shortened by PCA. Samples are decoded to their nearest words.
local fm <const> = require "fm"
local nn, flow, optim, ode, data, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.data, fm.metrics, fm.plot

local function word_vectors(path, corpus, dim)
  if path ~= "" then
    local vectors, words = data.vectors(path)
    if not vectors then error(words, 0) end
    return vectors, words
  end
  local _, sentences = assert(data.text(corpus))
  local table_of_words, words = data.cooccurrence(sentences)
  return (metrics.pca(table_of_words, math.min(dim, #words))), words
end

-- The nearest word of each sample, and the cosine between them.
local function decode(x, vectors, words)
  local function unit(v) return v / (v:norm { axis = 2, keep = true } + 1e-9) end
  local cosines = unit(x):matmul(unit(vectors):transpose())
  local best, found = cosines:max(2), {}
  for i, row in ipairs(cosines:totable()) do
    for j, c in ipairs(row) do
      if c == best[i] then found[i] = { words[j], c } break end
    end
  end
  return found
end

return fm.experiment {
  name = "text_embeddings",
  params = {
    vectors = { "", "file of word vectors (GloVe or word2vec text); empty: made from the corpus" },
    corpus = { "datasets/corpus.txt", "text to make vectors from" },
    dim = { 32, "numbers in a vector made from the corpus", min = 2 },
    steps = { 3000, "optimizer steps", min = 1 },
    hidden = { 256, "width of the network", min = 1 },
    spread = { 0.1, "deviation of the noise around each word, relative to the data's", min = 0 },
  },
  run = function(run, p)
    local vectors, words = word_vectors(p.vectors, p.corpus, p.dim)
    vectors = (vectors - vectors:mean(1)) / (vectors - vectors:mean(1)):square():mean():sqrt()
    run:print(("%d words of %d numbers"):format(#vectors, vectors:size(2)))
    local dim = vectors:size(2)
    local model = nn.vector_field { dim = dim, hidden = p.hidden }
    local opt = optim.adam(model, { lr = optim.cosine { lr = 1e-3, steps = p.steps } })
    run:keeps { model = model, opt = opt }
    local pick, around = run.rng:stream "pick", run.rng:stream "around"
    local function draw(n) -- words, each with a little noise: a density rather than points
      return vectors:index_select(pick:integers(n, 1, #vectors), 1) + around:normal(n, dim) * p.spread
    end

    for _ in run:steps(p.steps) do
      run:log { loss = opt:step(function() return flow.loss(model, draw(256), { rng = run.rng }) end) }
    end

    local n = math.min(1000, #vectors * 8)
    local x, info = ode.solve(model, run.rng:stream "sample":normal(n, dim), { method = "rk45", rtol = 1e-4, atol = 1e-4 })
    local truth, other = draw(n), draw(n)
    run:pareto { field = model, x0 = run.rng:stream "pareto":normal(n, dim), name = "energy distance to the data",
      metric = function(y) return metrics.energy_distance(y, truth) end, floor = function() return metrics.energy_distance(other, truth) end }
    local decoded, near = decode(x[{ 1, 200 }], vectors, words), 0
    for i = 1, 200 do near = near + decoded[i][2] / 200 end
    local summary = { words = #vectors, nfe = info.nfe, nearest_cosine = near }
    for name, metric in pairs { energy = metrics.energy_distance, w2 = metrics.wasserstein2 } do
      summary[name] = metric(x, truth)
      summary[name .. "_floor"], summary[name .. "_floor_deviation"] = metric.floor(other, truth, { draws = 5 })
    end
    run:summary(summary)
    local line = {}
    for i = 1, 24 do line[i] = decoded[i][1] end
    run:print("samples decode to: " .. table.concat(line, " "))
    -- the most frequent words
    local all, labels = metrics.pca(fm.cat({ x, truth, vectors }, 1), 2), { table.unpack(words, 1, 200) }
    labels.at = all[{ 2 * n + 1, 2 * n + #labels }]
    run:picture("pca", plot.scatter(all[{ 1, n }], { reference = all[{ n + 1, 2 * n }], labels = labels, names = { "samples", "words with noise" },
      title = "Samples and words", xlabel = "first component", ylabel = "second component", size = 640 }))
  end,
}
