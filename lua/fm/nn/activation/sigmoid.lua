-- sigmoid: 1 / (1 + e^-x).
return require "fm.nn.activation.parts.of_op" "sigmoid"
