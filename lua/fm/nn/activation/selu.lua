-- selu: scaled elu that keeps mean 0 and variance 1. Klambauer et al. 2017.
return require "fm.nn.activation.parts.of_op" "selu"
