-- cifar10(path) -> pictures [N, 3072] in 0..1, labels [N] 1-based; or nil and a message. Krizhevsky
-- 2009, binary version.
return require("fm").cifar10.load
