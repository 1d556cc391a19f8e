-- pca(x [n, ...], k) -> rows in the first k principal components [n, k], components [D, k], mean
-- [D], where D counts the numbers of a row.
local fm <const> = require "fm.core"

return { of = function(x, k)
  if fm.is_tensor(x) and x:rank() > 2 and x:count() > 0 then x = x:reshape(x:size(1), -1) end
  local mean, components = fm.measure.components(x, k)
  return (x - mean):matmul(components), components, mean
end }
