-- seed(from): from now on initial weights are drawn from this seed or random stream.
return require("fm.nn.parts.init_stream").seed
