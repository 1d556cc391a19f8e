-- reflow(model, {x0 = tensor | n, rng, dim, path, cond, block, method, ...}) -> x0, x1, info: the
-- ends of a flow's paths, which are the pairs for the next flow: it takes the same source to the
-- same data by paths that cross less, so they are straighter. Liu et al. 2023. x0: where they
-- start, or how many rows to draw where the path starts. Rows are solved `block` (1024) at a time,
-- in order. The other options are those of ode.solve.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local fields <const> = require "fm.parts.field"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"
local reverse <const> = require "fm.flow.parts.reverse"
local solve <const> = require "fm.ode.parts.solve"

local where <const> = "reflow"
local own <const> = { x0 = options.none, rng = options.none, dim = options.none, path = options.none, cond = options.none, block = 1024 }
local defaults <const> = reverse.how_options(own)

-- What a network or an exact flow knows about itself.
local function known(model, name)
  return type(model) == "table" and rawget(model, name) or nil
end

local function drawn(model, o)
  local n = options.integer(where .. ": x0", o.x0, 1, 2 ^ 40)
  if o.rng == nil then fm.fail(("%s: rng is missing: x0 = %d rows are drawn from it"):format(where, n)) end
  local dim = o.dim or known(model, "dim")
  if dim == nil then fm.fail(("%s: dim is missing: x0 = %d rows of how many numbers? (a number, or a list of sizes)"):format(where, n)) end
  return paths.of(where, o.path or known(model, "path") or "linear"):source(n, dim, o.rng)
end

local function start_of(model, o)
  if type(o.x0) == "number" then return drawn(model, o) end
  if o.x0 == nil then fm.fail(where .. ": x0 is missing: expected a tensor [B, ...], or how many rows to draw") end
  arguments.batch(where, "x0", o.x0)
  if o.x0:count() == 0 then fm.fail(("%s: x0 is [%s]: it has no numbers"):format(where, table.concat(o.x0:shape(), ", "))) end
  for _, name in ipairs { "rng", "dim", "path" } do
    if o[name] ~= nil then fm.fail(("%s: %s goes with x0 = n, the number of rows to draw"):format(where, name)) end
  end
  return o.x0
end

-- Writes into x1 where the rows from first to last end, and returns how often they were evaluated.
-- The model gets its condition by row.
local function fill(x1, call, x0, first, last, plan)
  local scope <close> = fm.scope()
  local function field(x, t, rows)
    local function select(value)
      value = value[{ first, last }]
      return #rows == #value and value or value:index_select(rows, 1)
    end
    return call(x, t, function(value) return fields.picked(value, select, #x0) end)
  end
  local x, info = reverse.finished(where, solve(where, field, x0[{ first, last }], plan))
  x1[{ first, last }]:copy(x)
  return info.evaluations or info.nfe * #x
end

return function(model, given, ...)
  options.no_more(where, 2, ...)
  arguments.model(where, model)
  local o = options.read(where, given, defaults)
  local block = options.size(where .. ": block", o.block)
  local x0, call = start_of(model, o), fields.of(model, o.cond)
  local plan = reverse.how(o)
  local scope <close> = fm.scope()
  local n, x1 = #x0, fm.zeros(x0:shape())
  local evaluations = 0
  for first = 1, n, block do
    evaluations = evaluations + fill(x1, call, x0, first, math.min(first + block - 1, n), plan)
  end
  return x0, x1:detach(), { nfe = evaluations / n, evaluations = evaluations, blocks = (n + block - 1) // block }
end
