-- conditioning(where, {times, classes}, waves, dim): what tells a network the time and the label of
-- each row, as one vector. A time becomes `waves` sines and cosines (those of s first, when there
-- are two times), which go through two linear layers; the embedding of the label is added. Returns
-- the parts time_embed and class_embed, and vectors(x, ...) -> [B, dim], where ... are the times
-- and the label.
local fm <const> = require "fm"
local labels <const> = require "fm.nn.parts.labels"
local options <const> = require "fm.parts.options"
local times <const> = require "fm.nn.parts.times"

return function(where, o, waves, dim)
  local nn <const> = fm.nn
  local read <const>, count <const>, classes <const> = times(where, o.times), o.times, o.classes
  if classes ~= nil then options.size(where .. ": classes", classes) end
  local waves_of <const> = nn.time_embedding(waves)
  local time_embed = nn.sequential { nn.linear(count * waves, dim), nn.silu(), nn.linear(dim, dim) }
  local class_embed = classes and nn.embedding(classes + 1, dim)
  local parts = { { "time_embed", time_embed }, class_embed and { "class_embed", class_embed } }
  return parts, function(x, ...)
    local at, cond = read(x, ...)
    local vectors = time_embed(waves_of(at:reshape(-1)):reshape(#x, count * waves))
    if not class_embed then return vectors end
    return vectors + labels(where, class_embed, classes, x, cond)
  end
end
