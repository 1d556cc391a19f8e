-- tanh: the hyperbolic tangent.
return require "fm.nn.activation.parts.of_op" "tanh"
