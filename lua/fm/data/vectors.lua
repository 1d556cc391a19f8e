-- vectors(path) -> tensor [N, D], list of N words; or nil and a message. GloVe and word2vec text.
return require("fm").vectors.load
