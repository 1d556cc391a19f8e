-- fashion_mnist{folder, split, size} or fashion_mnist(folder) -> pictures of clothes [N, 1, 28, 28]
-- in -1..1, labels [N] in 1..10, and their names; or nil and a message that says what to install.
-- Xiao, Rasul, Vollgraf 2017.
--   folder = of the IDX files, plain or .gz ("datasets/fashion-mnist", or where Debian's package
--   dataset-fashion-mnist puts them); split = "train" | "test"; size = 32 puts black around them
return require "fm.data.parts.idx_pictures" {
  name = "fashion_mnist", folders = { "datasets/fashion-mnist", "/usr/share/datasets/fashion-mnist" },
  names = { "t-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot" },
  advice = "on Debian and Ubuntu: apt install dataset-fashion-mnist; elsewhere put the four files of github.com/zalandoresearch/fashion-mnist into "
    .. 'datasets/fashion-mnist, or name their folder: data.fashion_mnist { folder = "..." }',
}
