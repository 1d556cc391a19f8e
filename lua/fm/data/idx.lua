-- idx(path) -> tensor of the file's numbers, unchanged (MNIST: 0..255), or nil and a message. Reads
-- .gz too.
return require("fm").idx.load
