-- leaky_relu: x where x > 0, else 0.01 x.
return require "fm.nn.activation.parts.of_op" "leaky_relu"
