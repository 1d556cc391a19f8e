-- pca(x, k) -> rows in the first k principal components [n, k], components [D, k], mean [D].
local measure <const> = require("fm.core").measure

return { of = function(x, k)
  local mean, components = measure.components(x, k)
  return (x - mean):matmul(components), components, mean
end }
