-- drawn(where, o, path, x1, times) -> x0, x1, cond, t, ...: what a loss is taken of, pairs and
-- times; in a pass over a share of the batch the rows of that share. First x0 is drawn (o.x0:
-- given), then the pairs are made (o.coupling), then times() gives tensors with a number for each
-- row of the batch.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local options <const> = require "fm.parts.options"
local shares <const> = require "fm.parts.shares"

local drawn <const> = {}

-- A drawn x0: a point of the path's source, in units of s(0).
local function draw(where, path, x1, rng)
  if not path.own.source then return rng:normal(x1:shape()) end
  local shape = x1:shape()
  local x0 = path:source(#x1, #shape == 2 and shape[2] or { table.unpack(shape, 2) }, rng)
  if path.along then return x0 end
  local s0 = path.s(0.0)
  if s0 == 0 then fm.fail(where .. ": path: s(0) is 0: it does not start at its source") end
  return s0 == 1 and x0 or x0 / s0
end

local function coupled(where, o, path, x1)
  local x0 = o.x0 or draw(where, path, x1, o.rng)
  if o.coupling == "independent" then return x0, x1, o.cond end
  local couplings <const> = require "fm.flow.coupling"
  return couplings.pair(where, couplings.of(where, o.coupling), x0, x1, o.cond, o.rng)
end

-- The whole batch is only drawn and paired at once where a row depends on others.
local function of_share(where, o, path, x1, times)
  local share <const> = shares.of
  local x0, cond
  if o.coupling == "independent" and (o.x0 or not path.own.source) then
    local part = share(x1)
    x0, cond = o.x0 and share(o.x0) or o.rng:normal(part:shape()), share(o.cond)
    return x0, part, cond, share(times(o, x1))
  end
  x0, x1, cond = shares.once(function() return coupled(where, o, path, x1) end)
  return share(x0), share(x1), share(cond), share(times(o, x1))
end

--- Checks the model, the batch and what is given or drawn for it. `all`: in words, what must be
--- given where there is no rng; `given`: whether it is.
function drawn.check(where, model, x1, o, all, given)
  arguments.model(where, model)
  arguments.batch(where, "x1", x1)
  if x1:count() == 0 then fm.fail(("%s: x1 is [%s], expected at least one row"):format(where, table.concat(x1:shape(), ", "))) end
  if o.rng ~= nil then options.rng(where, o.rng)
  elseif not given then fm.fail(("%s: rng is missing (or give %s)"):format(where, all)) end
  if o.x0 ~= nil then arguments.batch(where, "x0", o.x0, x1) end
end

function drawn.pairs(where, o, path, x1, times)
  if shares.pass then return of_share(where, o, path, x1, times) end
  local x0, cond
  x0, x1, cond = coupled(where, o, path, x1)
  return x0, x1, cond, times(o, x1)
end

return drawn
