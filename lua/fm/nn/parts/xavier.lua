-- xavier(weight, bias): uniform weights whose variance is 2 / (inputs + outputs), zero biases: an
-- init for linear, which gives weights uniform in -1/sqrt(inputs)..1/sqrt(inputs). Glorot and
-- Bengio 2010.
return function(weight, bias)
  local outputs, inputs = weight:size(1), weight:size(2)
  weight:copy(weight:detach() * math.sqrt(6 * inputs / (inputs + outputs)))
  if bias then bias:fill(0) end
end
