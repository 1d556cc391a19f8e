-- rivals(rows, units): what a flow is compared with, made of all rows but the held-out ones, one
-- for each class if there are some: { gaussian, kernel }. They are made before the training, so
-- that a table of which they cannot be made is refused at once.
local by_class <const>, gaussian <const>, kernel_density <const> = require "tabular_parts.by_class", require "tabular_parts.gaussian",
  require "tabular_parts.kernel_density"

return function(rows, units)
  return { gaussian = by_class(gaussian, units, rows.known, rows.classes), kernel = by_class(kernel_density, units, rows.known, rows.classes) }
end
