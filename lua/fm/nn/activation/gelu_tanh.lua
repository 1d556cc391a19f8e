-- gelu_tanh: gelu by its tanh approximation, x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
return require "fm.nn.activation.parts.of_op" "gelu_tanh"
