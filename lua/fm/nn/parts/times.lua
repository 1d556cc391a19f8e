-- times(where, count): how a network reads the times it is called with. Returns read(x, ...), which
-- checks them and gives [B, count] and the argument after them, the condition. count = 1: the
-- network is called with t. count = 2: with s and t, s first. A time is a number, [B] or [B, 1].
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"

local cat <const> = fm.cat

-- A time as a column [B, 1].
local function column(where, name, x, t, why)
  if type(t) == "number" then return fm.full(#x, 1, t) end
  if fm.is_tensor(t) then
    local count, rank = t:count(), t:rank()
    if count == #x and (rank == 1 or rank == 2 and t:size(2) == 1) then return t:reshape(-1, 1) end
    if count == 1 then return fm.zeros(#x, 1) + t:reshape(1, 1) end
  end
  fm.fail(("%s: %s: expected a number or a tensor [%d] or [%d, 1], found %s%s"):format(where, name, #x, #x, options.shown(t), why or ""))
end

return function(where, count)
  if options.integer(where .. ": times", count, 1, 2) == 1 then
    return function(x, t, cond) return column(where, "t", x, t), cond end
  end
  local why <const> = ": with times = 2 it is called with x, s and t"
  return function(x, s, t, cond) return cat(column(where, "s", x, s, why), column(where, "t", x, t, why), 2), cond end
end
