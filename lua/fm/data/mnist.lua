-- mnist{folder, split, size} or mnist(folder) -> digits [N, 1, 28, 28] in -1..1, labels [N] in
-- 1..10 (10 digits from "0" on), and their names; or nil and a message that says which files go
-- where. LeCun, Bottou, Bengio, Haffner 1998.
--   folder = of the IDX files, plain or .gz ("datasets/mnist"); split = "train" | "test"; size = 32
--   puts black around them
return require "fm.data.parts.idx_pictures" {
  name = "mnist", folders = { "datasets/mnist" }, names = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" },
  advice = "put MNIST's four files (train- and t10k-, -images-idx3-ubyte and -labels-idx1-ubyte) there, or name their folder: "
    .. 'data.mnist { folder = "..." }',
}
