-- weights(where, o, inputs, ...): the parts of a layer with the options bias and init: its weight,
-- and its bias. ... is the shape of the weight, outputs first; each output is a sum over
-- `inputs` numbers. They start as in PyTorch: uniform in -1/sqrt(inputs)..1/sqrt(inputs) (He et al.
-- 2015 with a = sqrt 5). init = "zero" starts from zeros, a function(w, b) sets them itself.
local fm <const> = require "fm"
local init <const> = require "fm.nn.parts.init_stream"
local options <const> = require "fm.parts.options"

return function(where, o, inputs, ...)
  options.boolean(where .. ": bias", o.bias)
  if inputs * 1.0 * (...) > 2 ^ 53 then
    fm.fail(("%s: a weight of shape [%s] has more numbers than any memory holds"):format(where, table.concat({ ... }, ", ")))
  end
  local bound = 1 / math.sqrt(inputs)
  local weight = init.uniform(bound, ...)
  local bias = o.bias and init.uniform(bound, (...)) or nil
  if o.init == "zero" then
    weight:fill(0)
    if bias then bias:fill(0) end
  elseif type(o.init) == "function" then
    o.init(weight, bias)
  elseif o.init ~= "uniform" then
    fm.fail(('%s: init: expected "uniform", "zero" or a function, found %s'):format(where, options.shown(o.init)))
  end
  return { { "weight", weight }, bias and { "bias", bias } }
end
