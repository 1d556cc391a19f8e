-- log_sigmoid: log sigmoid(x), without overflow.
return require "fm.nn.activation.parts.of_op" "log_sigmoid"
