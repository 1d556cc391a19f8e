-- seed(from): first weights are drawn from this seed, or random stream, from now on.
return require("fm.nn.parts.init_stream").seed
