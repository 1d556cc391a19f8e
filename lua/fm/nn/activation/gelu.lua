-- gelu: x Phi(x), Phi the normal distribution function. Hendrycks and Gimpel 2016.
return require "fm.nn.activation.parts.of_op" "gelu"
