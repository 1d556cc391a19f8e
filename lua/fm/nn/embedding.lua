-- embedding(n, dim): a table of n rows; called with 1-based indices of any shape -> [..., dim]. The
-- rows start as N(0, 1).
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"
local init <const> = require "fm.nn.parts.init_stream"

return function(n, dim, ...)
  options.no_more("embedding", 2, ...)
  n, dim = options.size("embedding: n", n), options.size("embedding: dim", dim)
  local weight = init.normal(n, dim)
  local layer = module.new({ { "weight", weight } }, function(self, index) return fm.embedding(self.weight, index) end)
  layer.weight = weight
  return layer
end
