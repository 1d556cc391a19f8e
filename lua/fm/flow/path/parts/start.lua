-- Where a path starts: as s(0) times a normal, with the noise that the path has at t = 0, if it has
-- no source of its own.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local options <const> = require "fm.parts.options"

local start <const> = {}

-- The deviation of the normal at t = 0.
local function deviation(path, where)
  local std = path.s(0.0)
  if path.noise then std = (std ^ 2 + path.noise.gamma(0.0) ^ 2) ^ 0.5 end
  if not (std > 0 and std < math.huge) then fm.fail(("%s: s(0) is %g: the path does not start as a normal"):format(where, std)) end
  return std
end

-- The shape [n, dim], or [n, ...] for a list of sizes.
local function shape_of_source(where, n, dim)
  local shape = { options.integer(where .. ": n", n, 0, 2 ^ 40) }
  if type(dim) ~= "table" then dim = { dim } end
  if #dim == 0 then fm.fail(where .. ": dim: expected a whole number >= 1, or a list of them") end
  for i = 1, #dim do shape[i + 1] = options.integer(where .. ": dim", dim[i], 1, 2 ^ 40) end
  return shape
end

--- n points [n, dim] of the source (dim may be a list of sizes).
function start.points(path, n, dim, rng)
  local where <const> = "path:source"
  local shape = shape_of_source(where, n, dim)
  options.rng(where, rng)
  if path.own.source then
    local x0 = path.own.source(n, dim, rng)
    arguments.batch(where, "what the path's own source returned", x0)
    if table.concat(x0:shape(), ", ") ~= table.concat(shape, ", ") then
      fm.fail(("%s: the path's own source returned [%s], expected [%s]"):format(where, table.concat(x0:shape(), ", "), table.concat(shape, ", ")))
    end
    return x0
  end
  if path.own.source_log_prob then fm.fail(where .. ": the path has a source_log_prob of its own, and no source to draw from") end
  local std, x0 = deviation(path, where), rng:normal(shape)
  return std == 1 and x0 or x0 * std
end

--- The log-density [n] of points x0 [n, ...].
function start.log_prob(path, x0)
  local where <const> = "path:source_log_prob"
  arguments.batch(where, "x0", x0)
  if path.own.source_log_prob then
    local log_p = path.own.source_log_prob(x0)
    if not fm.is_tensor(log_p) or log_p:count() ~= #x0 then
      fm.fail(("%s: the path's own returned a %s, expected a tensor [%d]"):format(where, arguments.kind_of(log_p), #x0))
    end
    return log_p:reshape(-1)
  end
  if path.own.source then fm.fail(where .. ": the path has a source of its own, and no source_log_prob: its density is not known") end
  local std, flat = deviation(path, where), x0:reshape(#x0, -1)
  return flat:square():sum(2) * (-0.5 / (std * std)) - flat:size(2) * (0.5 * math.log(2 * math.pi) + math.log(std))
end

return start
