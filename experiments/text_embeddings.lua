#!/usr/bin/env fmrun
-- The article's TextFlowMatching: a flow over word vectors. They are read from a text-vector file,
-- or made from a small corpus when none is given: mutual information of neighbouring words,
-- shortened by PCA. Samples are decoded to their nearest words. Results:
--   energy, w2   samples to words with a little noise; the floors: as many others of these to them
--   on_word      the share of samples as near to a word as 95 % of the words with noise are
--   words_hit    the share of words that have such samples
-- No word is held out: a model that only repeats the words it was trained on is at the floors.
local fm <const> = require "fm"
local word_vectors <const> = require "text_parts.word_vectors"
local nn, flow, optim, ode, metrics, plot = fm.nn, fm.flow, fm.optim, fm.ode, fm.metrics, fm.plot

return fm.experiment {
  name = "text_embeddings",
  params = {
    vectors = { "", "file of word vectors (GloVe or word2vec text); empty: made from the corpus" },
    corpus = { "datasets/corpus.txt", "text to make vectors from" },
    dim = { 32, "numbers in a vector made from the corpus", min = 2 },
    steps = { 8000, "optimizer steps", min = 1 },
    lr = { 4e-3, "learning rate at the start; it falls along half a cosine" },
    time = { "logit_normal", "which times the loss draws: uniform, logit_normal or another that flow.loss knows" },
    hidden = { 256, "width of the network", min = 1 },
    spread = { 0.1, "deviation of the noise around each word, relative to the data's", min = 0 },
    tests = { 20, "draws of samples and truth that the summary is the mean of", min = 2 },
  },
  run = function(run, p)
    local vectors, words = word_vectors.read(p.vectors, p.corpus, p.dim)
    run:print(("%d words of %d numbers"):format(#vectors, vectors:size(2)))
    local dim = vectors:size(2)
    local model = nn.vector_field { dim = dim, hidden = p.hidden }
    local opt = optim.adam(model, { lr = optim.cosine { lr = p.lr, steps = p.steps } })
    run:keeps { model = model, opt = opt }
    local pick, around = run.rng:stream "pick", run.rng:stream "around"
    local function draw(n) -- words, each with a little noise: a density rather than points
      return vectors:index_select(pick:integers(n, 1, #vectors), 1) + around:normal(n, dim) * p.spread
    end

    for _ in run:steps(p.steps) do
      run:log { loss = opt:step(function() return flow.loss(model, draw(256), { rng = run.rng, time = p.time }) end) }
    end

    local n, noise, found = math.min(1000, #vectors * 8), run.rng:stream "sample", {}
    local x, info, truth, other
    for i = 1, p.tests do -- how often each word happens to be drawn moves a single energy distance by a quarter of its floor
      x, info = ode.solve(model, noise:normal(n, dim), { method = "rk45", rtol = 1e-4, atol = 1e-4 })
      truth, other = draw(n), draw(n)
      for name, value in pairs(word_vectors.compare(x, truth, other, vectors)) do
        found[name] = found[name] or {}
        found[name][i] = value
      end
    end
    local summary = { words = #vectors, nfe = info.nfe }
    for name, list in pairs(found) do
      summary[name], summary[name .. "_deviation"] = fm.tensor(list):mean():item(), fm.tensor(list):std { unbiased = true }:item()
    end
    local decoded, near = word_vectors.decode(x, vectors, words)
    summary.nearest_cosine = near
    run:summary(summary)
    run:print("samples decode to: " .. table.concat(decoded, " ", 1, 24))
    run:pareto { field = model, x0 = noise:normal(n, dim), name = "energy distance to the data",
      metric = function(y) return metrics.energy_distance(y, truth) end, floor = function() return metrics.energy_distance(other, truth) end }
    -- the most frequent words
    local all, labels = metrics.pca(fm.cat({ x, truth, vectors }, 1), 2), { table.unpack(words, 1, 200) }
    labels.at = all[{ 2 * n + 1, 2 * n + #labels }]
    run:picture("pca", plot.scatter(all[{ 1, n }], { reference = all[{ n + 1, 2 * n }], labels = labels, names = { "samples", "words with noise" },
      title = "Samples and words", xlabel = "first component", ylabel = "second component", size = 640 }))
  end,
}
