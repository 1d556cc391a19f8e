-- softplus: log(1 + e^x).
return require "fm.nn.activation.parts.of_op" "softplus"
