-- bits_per_dimension(model, x, {bins = 256, low = 0, high = 1, dequantise = true, rng, ...}) ->
-- bits [B], info: how many bits the model spends on a number of x, a value on `bins` levels from
-- low to high (see dequantise). With the density of continuous y,
--   bits = -log2 p(y) / D + log2(bins / (high - low)),
-- for 8 bits in -1..1 the known offset 7. The mean over data is an upper bound of their code
-- length. dequantise = false: x is continuous already. The other options and info are those of
-- log_prob; info.log_prob [B] is in nats, info.standard_error in bits.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local dequantise <const> = require "fm.flow.dequantise"
local levels <const> = require "fm.flow.parts.levels"
local likelihood <const> = require "fm.flow.parts.likelihood"
local options <const> = require "fm.parts.options"

local where <const> = "bits_per_dimension"
local defaults <const> = { bins = 256, low = 0, high = 1, dequantise = true }
for name, value in pairs(likelihood.options) do defaults[name] = value end

return function(model, x, given, ...)
  options.no_more(where, 3, ...)
  arguments.model(where, model)
  arguments.batch(where, "x", x)
  local o = options.read(where, given, defaults)
  local bins, low, high = levels(where, o)
  if type(o.dequantise) ~= "boolean" then fm.fail(("%s: dequantise: expected true or false, found %s"):format(where, options.shown(o.dequantise))) end
  if o.dequantise and o.rng == nil then fm.fail(where .. ": rng is missing: dequantise = true draws from it") end
  if o.dequantise then x = dequantise(x, { rng = o.rng, first_row = o.first_row, bins = bins, low = low, high = high }) end
  local nats, info = likelihood.of(where, model, x, o)
  local per_nat = 1 / (x:count() // #x * math.log(2))
  info.log_prob = nats
  if info.standard_error then info.standard_error = info.standard_error * per_nat end
  return nats * -per_nat + math.log(bins / (high - low), 2), info
end
