-- conditional_ot{weight | ratio, distance}: optimal transport within the batch that leaves the
-- source of each condition as it is. Row i of x0 brings the condition of row i, and the assignment
-- is the best for |x0_i - x1_j|^2 + weight d(cond_i, cond_j). Plain ot sends each condition another
-- part of the source, which a conditional flow then does not start from.
--   labels [B]         no weight: only rows of equal labels are paired
--   conditions [B, k]  weight, or the ratio that it shall follow from, for each batch anew: the
--                      share of all pairs that are no dearer than x0_j with x1_j; d is |c_i -
--                      c_j|^2, or distance(cond, cond) -> [B, B]
-- Cheng and Schwing 2025 (C2OT).
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local by_partner <const> = require "fm.flow.coupling.parts.by_partner"
local options <const> = require "fm.parts.options"
local rows_by_label <const> = require "fm.flow.coupling.parts.rows_by_label"

local where <const> = "coupling conditional_ot"
local most <const> = 1e30

local function check(given)
  local none <const> = options.none
  local o = options.read(where, given, { weight = none, ratio = none, distance = none })
  if o.weight ~= nil and o.ratio ~= nil then fm.fail(where .. ": weight and ratio exclude each other: the ratio sets the weight") end
  if o.weight ~= nil then options.number(where .. ": weight", o.weight, 0, most) end
  if o.ratio ~= nil then
    options.number(where .. ": ratio", o.ratio, 0, 1)
    if o.ratio == 0 then fm.fail(where .. ": ratio: expected a share of all pairs > 0, found 0") end
  end
  if o.distance ~= nil and not options.callable(o.distance) then
    fm.fail(where .. ": distance: expected a function(c, c) -> [B, B], found " .. options.shown(o.distance))
  end
  if o.distance ~= nil and o.weight == nil and o.ratio == nil then fm.fail(where .. ": distance needs a weight or a ratio") end
  return o
end

local function rows_of(x)
  return x:detach():reshape(#x, -1)
end

-- ---- labels ----

local function check_labels(labels)
  for row, label in ipairs(labels:totable()) do
    if label ~= math.floor(label) then
      fm.fail(("%s: cond: label %d is %.9g: expected whole numbers, or a weight or a ratio for continuous conditions"):format(where, row, label))
    end
  end
end

local function within_labels(x0, x1, cond)
  check_labels(cond)
  local a, b, partner = rows_of(x0), rows_of(x1), {}
  for _, group in ipairs(rows_by_label(cond)) do
    local rows <const>, index <const> = group.rows, fm.tensor(group.rows)
    local best = fm.measure.pairing(fm.index_select(b, index, 1), fm.index_select(a, index, 1)):totable()
    for k, row in ipairs(rows) do partner[row] = rows[math.tointeger(best[k])] end
  end
  return fm.tensor(partner)
end

-- ---- continuous conditions ----

-- With |c_i - c_j|^2 the whole is a squared distance, of rows with sqrt(weight) c behind them.
local function by_square(o, a, b, cond)
  local weight = o.weight or fm.measure.condition_weight(b, a, fm.measure.pair_costs(cond, cond), o.ratio)
  local behind = cond * math.sqrt(weight)
  return fm.measure.pairing(fm.cat(b, behind, 2):detach(), fm.cat(a, behind, 2):detach()), weight
end

local function by_distance(o, a, b, cond)
  local distances = o.distance(cond, cond)
  if not fm.is_tensor(distances) then fm.fail(("%s: distance returned a %s, expected a tensor [B, B]"):format(where, type(distances))) end
  distances = distances:detach()
  local weight = o.weight or fm.measure.condition_weight(b, a, distances, o.ratio)
  return fm.measure.conditional_pairing(b, a, distances, weight), weight
end

return function(given)
  local o = check(given)
  local couple
  couple = by_partner("conditional_ot", function(x0, x1, cond)
    arguments.batch(where, "x1", x1, x0)
    if cond == nil then fm.fail(where .. ": cond is missing: the labels [B] or conditions [B, k] of x1") end
    arguments.batch(where, "cond", cond)
    if #cond ~= #x1 then fm.fail(("%s: cond has %d rows, x1 has %d"):format(where, #cond, #x1)) end
    if x1:count() == 0 then return nil end
    arguments.finite(where, "x0", x0)
    arguments.finite(where, "x1", x1)
    arguments.finite(where, "cond", cond)
    if o.weight or o.ratio then
      local rows
      if o.distance then rows, couple.weight = by_distance(o, rows_of(x0), rows_of(x1), cond)
      else rows, couple.weight = by_square(o, rows_of(x0), rows_of(x1), rows_of(cond))
      end
      return rows
    end
    if cond:rank() ~= 1 then
      fm.fail(("%s: cond is a %s: continuous conditions need a weight or a ratio, labels are a tensor [B]"):format(where, arguments.kind_of(cond)))
    end
    return within_labels(x0, x1, cond)
  end)
  return couple
end
