-- picture_quality(fake, real, {features, labels, draws, name}) -> a table for run:summary: how far
-- fake pictures are from real ones, in the features of a network (a name, or what metrics.features
-- gives).
--   n                        rows of each sample: all of fake, or half of real when that is fewer
--   frechet_distance, kid, precision, recall
--   ..._floor, ..._floor_deviation   the same between n and n other real pictures: the mean and the
--                            deviation over 10 draws; a perfect model measures this
--   class_accuracy           with labels: the share of all fake pictures that the network reads as
--                            their label; class_accuracy_floor: of the held-out real pictures
-- name = "%s_guided" puts _guided behind the names of what is measured of fake, "guided_%s" puts it
-- before; n and the floors, the same for all samples of a run, keep their names.
-- The rows are drawn by a fixed stream, so that an order of the pictures (by class, say) does not
-- matter.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local samples <const> = require "fm.metrics.parts.samples"

local where <const> = "picture_quality"

--- Features of n rows of pictures: `part` 1 are the first n of a random order, 2 the next.
local function drawn(network, x, n, part, order)
  local scope <close> = fm.scope()
  local y = network(x:index_select(order[{ (part - 1) * n + 1, part * n }], { axis = 1 }))
  if not fm.is_tensor(y) or y:rank() == 0 or #y ~= n then
    fm.fail(("%s: features: expected a tensor with a row for each of %d pictures, found %s"):format(where, n, options.shown(y)))
  end
  return y:detach()
end

local measured <const> = { frechet_distance = { "frechet_distance" }, kid = { "kid" }, precision_recall = { "precision", "recall" } }

return { of = function(fake, real, given, ...)
  options.no_more(where, 3, ...)
  local o = options.read(where, given, { features = options.none, labels = options.none, draws = 10, name = "%s" })
  local draws <const> = options.turns(where .. ": draws", o.draws, 2)
  if type(o.name) ~= "string" or select(2, o.name:gsub("%%s", "")) ~= 1 then
    fm.fail(('%s: name: expected a text with one %%s in it, as "%%s_guided", found %s'):format(where, options.shown(o.name)))
  end
  local network = o.features
  if type(network) == "string" then network = fm.metrics.features(network) end
  if not options.callable(network) then
    fm.fail(("%s: features: expected a name or what metrics.features gives, found %s"):format(where, options.shown(network)))
  end
  fake, real = samples.one(where, "fake", fake), samples.one(where, "real", real)
  local n <const> = math.min(#fake, #real // 2)
  if n < 4 then fm.fail(("%s: there are %d fake and %d real pictures: expected at least 4 and 8"):format(where, #fake, #real)) end
  local rng <const> = fm.rng(0, where)
  local of_fake = drawn(network, fake, n, 1, rng:permutation(#fake))
  local order = rng:permutation(#real)
  local of_real, of_others = drawn(network, real, n, 1, order), drawn(network, real, n, 2, order)
  local of_samples, result = {}, { n = n }
  for metric, names in pairs(measured) do
    local values = { fm.metrics[metric](of_fake, of_real) }
    local floors = { fm.metrics[metric].floor(of_others, of_real, { draws = draws }) }
    for k, name in ipairs(names) do
      of_samples[name], result[name .. "_floor"], result[name .. "_floor_deviation"] = values[k], floors[k], floors[#names + k]
    end
  end
  if o.labels ~= nil then
    of_samples.class_accuracy, result.class_accuracy_floor = fm.metrics.class_accuracy(fake, o.labels, network), network.accuracy
  end
  for name, value in pairs(of_samples) do result[(o.name:gsub("%%s", name))] = value end
  return result
end }
