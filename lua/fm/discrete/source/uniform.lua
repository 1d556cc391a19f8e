-- Every token is drawn, all V equally likely.
return { start = function(shape, V, rng) return rng:integers(shape, 1, V) end }
