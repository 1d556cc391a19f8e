-- labels(where, embed, classes, x, cond): of an embedding of classes + 1 labels, what belongs to
-- the rows of x: [B, dim], or [1, dim] for one label of all rows. The last label, and no cond, mean
-- none.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

return function(where, embed, classes, x, cond)
  if cond == nil then cond = classes + 1 end
  if math.type(cond) then cond = fm.full(1, cond)
  elseif not fm.is_tensor(cond) or cond:count() ~= #x or cond:rank() > 2 then
    fm.fail(("%s: cond: expected labels, a tensor [%d] or a number, found %s"):format(where, #x, options.shown(cond)))
  end
  return embed(cond:reshape(-1))
end
