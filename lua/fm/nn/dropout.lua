-- dropout(p): while training, each number becomes 0 with probability p and the others grow by 1/(1
-- - p). Srivastava et al. 2014.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"
local init <const> = require "fm.nn.parts.init_stream"
local shares <const> = require "fm.parts.shares"

return function(p, ...)
  options.no_more("dropout", 1, ...)
  options.number("dropout: p", p, 0, 0.999)
  return module.new({}, function(self, x)
    if not fm.is_tensor(x) then fm.fail("dropout: expected a tensor, found " .. options.shown(x)) end
    if not self.training or p == 0 then return x end
    local kept = fm.clamp((init.dropout:uniform(x:shape(), shares.of_draw(#x)) - p) * 1e30, 0, 1) -- 1 where the draw is over p
    return x * (kept / (1 - p))
  end)
end
