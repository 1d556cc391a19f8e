-- One number of a run, chosen by a word: "w2" (a result, or the last logged value where no run has
-- such a result), "spikes" (how many all its losses had), "loss:min", "loss:max", "loss:last",
-- "loss:mean" over all that was logged, "loss:mean:100" over the last hundred. nan counts only as
-- the last value.
local metrics_of <const> = require "fm.records.metrics"
local spikes <const> = require "fm.records.spikes"

local value_of <const> = {}

local function is_number(y)
  return y == y
end

local function extreme(curve, is_better)
  local best
  for _, y in ipairs(curve.y) do
    if is_number(y) and (best == nil or is_better(y, best)) then best = y end
  end
  return best
end

local reducers <const> = {
  last = function(curve) return curve.y[#curve.y] end,
  min = function(curve) return extreme(curve, function(a, b) return a < b end) end,
  max = function(curve) return extreme(curve, function(a, b) return a > b end) end,
  mean = function(curve, count)
    local sum, n = 0.0, 0
    for i = math.max(1, #curve.y - (count or #curve.y) + 1), #curve.y do
      if is_number(curve.y[i]) then sum, n = sum + curve.y[i], n + 1 end
    end
    return n > 0 and sum / n or nil
  end,
}

--- { text, name, how, count } of a word; or nil and what is wrong with it.
function value_of.parse(text)
  local name, how, count = text:match "^(.-):(%l*):?(.*)$"
  if not name then return { text = text, name = text } end
  if not reducers[how] then return nil, ("%s: expected NAME, NAME:last, NAME:min, NAME:max, NAME:mean or NAME:mean:COUNT"):format(text) end
  local number = math.tointeger(tonumber(count))
  if count ~= "" and not (how == "mean" and count:find "^%d+$" and number and number >= 1) or text:find ":$" then
    return nil, ("%s: expected a count of logged values >= 1 after mean:, and none after the others"):format(text)
  end
  return { text = text, name = name, how = how, count = number }
end

local function is_result(runs, name)
  for _, run in ipairs(runs) do
    if run.summary[name] ~= nil then return true end
  end
  return false
end

--- Puts the values of parsed words among the results of the runs, each under its word's text. A
--- bare name that is a result of some run stays as it is. What a run has logged is read once.
function value_of.add(runs, list)
  local logged = {}
  for _, parsed in ipairs(list) do
    if parsed.how or not is_result(runs, parsed.name) then logged[#logged + 1] = parsed end
  end
  if #logged == 0 then return end
  for _, run in ipairs(runs) do
    local curves = metrics_of(run.path .. "/metrics.jsonl")
    for _, parsed in ipairs(logged) do
      local curve = curves[parsed.name]
      if curve then
        run.summary[parsed.text] = reducers[parsed.how or "last"](curve, parsed.count)
      elseif parsed.text == "spikes" then
        run.summary.spikes = spikes.count(run)
      end
    end
  end
end

return value_of
