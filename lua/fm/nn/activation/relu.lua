-- relu: max(x, 0).
return require "fm.nn.activation.parts.of_op" "relu"
