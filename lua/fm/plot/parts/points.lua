-- Checks of the arguments of plots, and how points are drawn.
local attempt <const> = require "fm.parts.attempt"
local colors <const> = require "fm.plot.parts.colors"
local core <const> = require "fm.core"
local no_holes <const> = require "fm.parts.no_holes"

local points <const> = {}

local function shape_text(t)
  return "[" .. table.concat(t:shape(), ", ") .. "]"
end

--- The same tensor, if its numbers are still there.
local function alive(where, t, expected)
  if not attempt(t.rank, t) then core.fail(("%s: expected %s, found a tensor that was released when its tape closed"):format(where, expected)) end
  return t
end

--- A tensor, or one made from a table; anything else raises.
function points.tensor(where, value, expected)
  if core.is_tensor(value) then return alive(where, value, expected) end
  if type(value) ~= "table" then core.fail(("%s: expected %s, found a %s"):format(where, expected, type(value))) end
  local ok, made = attempt(core.tensor, value)
  if not ok then
    core.fail(("%s: expected %s, found a table that is not a %s"):format(where, expected, tostring(made):gsub("^.-%f[%a]tensor: ", "tensor: ")))
  end
  return made
end

--- Points [n, 2].
function points.check(where, value)
  local t = points.tensor(where, value, "points [n, 2]")
  if t:rank() ~= 2 or t:size(2) ~= 2 or t:size(1) == 0 then core.fail(("%s: expected points [n, 2], found %s"):format(where, shape_text(t))) end
  return t
end

--- Points over time: [T, B, 2], or a list of [B, 2]; returns a list. All times must have equally
--- many points when `same` is set.
function points.over_time(where, value, same)
  local list = {}
  if type(value) == "table" then
    no_holes(where, value)
    for i, x in ipairs(value) do list[i] = points.check(("%s: time %d"):format(where, i), x) end
  else
    local t = points.tensor(where, value, "states [T, B, 2] or a list of points [B, 2]")
    if t:rank() ~= 3 or t:size(3) ~= 2 or t:count() == 0 then core.fail(("%s: expected states [T, B, 2], found %s"):format(where, shape_text(t))) end
    for i = 1, t:size(1) do list[i] = t[i] end
  end
  if #list == 0 then core.fail(where .. ": expected at least one time") end
  for i = 2, same and #list or 0 do
    if list[i]:size(1) ~= list[1]:size(1) then
      core.fail(("%s: time %d has %d points, time 1 has %d"):format(where, i, list[i]:size(1), list[1]:size(1)))
    end
  end
  return list
end

--- Radius and alpha for n points: many points are small and faint.
function points.look(n, size)
  local radius = math.min(math.max(9.5 * n ^ -0.2, 1), 3.2) * math.sqrt(size / 480)
  local alpha = math.min(math.max(6.5 * n ^ -0.3, 0.08), 0.85)
  return math.max(radius, 0.9), alpha
end

--- The option `names`: {samples, reference} as the legend calls them.
function points.names(where, given)
  if given == nil then given = {} end
  if type(given) ~= "table" then core.fail(where .. ": names are two texts {samples, reference}") end
  for i = 1, 2 do
    if given[i] ~= nil and type(given[i]) ~= "string" then
      core.fail(("%s: names: %d: expected a string, found a %s"):format(where, i, type(given[i])))
    end
  end
  return { given[1] or "samples", given[2] or "reference" }
end

--- The legend of samples over a reference.
function points.legend(names)
  return { { name = names[2], color = colors.reference }, { name = names[1], color = colors.sample } }
end

points.shape_text = shape_text

return points
