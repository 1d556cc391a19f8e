-- class_accuracy(x, labels [N], network) -> the share of pictures that a network of
-- metrics.features (or its name) reads as their label, and that share of each class [K] (nan where
-- there is none). What real pictures reach is network.accuracy.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

local where <const> = "class_accuracy"

return { of = function(x, labels, network, ...)
  options.no_more(where, 3, ...)
  if type(network) == "string" then network = fm.metrics.features(network) end
  if type(network) ~= "table" or not options.callable(network.labels) or type(network.classes) ~= "table" then
    fm.fail(("%s: expected a network of metrics.features or its name, found %s"):format(where, options.shown(network)))
  end
  local n_classes <const> = #network.classes
  local read <const> = network:labels(x)
  if not fm.is_tensor(labels) or labels:count() ~= #read then
    fm.fail(("%s: expected labels [%d], as many as pictures, found %s"):format(where, #read, options.shown(labels)))
  end
  labels = labels:detach():reshape(-1)
  local own = labels:reshape(-1, 1):eq(fm.range(1, n_classes):reshape(1, -1)) -- [N, K]
  if own:sum():item() ~= #labels then
    fm.fail(("%s: expected whole labels in 1..%d, found %g..%g"):format(where, n_classes, labels:min():item(), labels:max():item()))
  end
  local right = read:eq(labels)
  return right:sum():item() / #labels, (own * right:reshape(-1, 1)):sum { axis = 1 } / own:sum { axis = 1 }
end }
