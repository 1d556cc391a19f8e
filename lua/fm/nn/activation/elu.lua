-- elu: x where x > 0, else e^x - 1.
return require "fm.nn.activation.parts.of_op" "elu"
