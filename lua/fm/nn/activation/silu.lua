-- silu: x sigmoid(x). Elfwing et al. 2018.
return require "fm.nn.activation.parts.of_op" "silu"
