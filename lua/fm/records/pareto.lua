-- What fmrun pareto measured of a run, from pareto.json in its folder: { identity, step, name,
-- floor and floor_deviation or nil, settings }. A setting is { method, steps or tolerance, nfe,
-- value, seconds, dominated, code (the digest of a solver beside the script) }; one without a value
-- has a note that says why, or `over`, the most evaluations that it was allowed.
local read_json <const> = require "fm.records.json_file"
local short <const> = require "fm.parts.short"
local words <const> = require "fm.records.words"

local pareto <const> = {}

--- "euler 8", "dopri5 0.01"
function pareto.title(setting)
  return setting.method .. " " .. (setting.steps and tostring(setting.steps) or short.exact(setting.tolerance))
end

--- Why a setting has no value; nil when it has one.
function pareto.note(setting)
  return setting.over and ("over %d evaluations"):format(setting.over) or setting.note
end

--- The settings of a method: the cheap ones first.
local function is_cheaper(a, b)
  if a.method ~= b.method then return a.method < b.method end
  if a.steps and b.steps then return a.steps < b.steps end
  return (a.tolerance or math.huge) > (b.tolerance or math.huge)
end

local function is_before(a, b)
  if (a.value == nil) ~= (b.value == nil) then return a.value ~= nil end
  if a.value == nil then return is_cheaper(a, b) end
  if a.nfe ~= b.nfe then return a.nfe < b.nfe end
  if a.value ~= b.value then return a.value < b.value end
  return is_cheaper(a, b)
end

--- Puts settings in the order of their evaluations, then of their values, those without a value
--- last; and says of each whether it is dominated: another one is no worse in both, and better in
--- one. Two that are equal in both do not dominate each other.
function pareto.order(settings)
  table.sort(settings, is_before)
  local best, nfe, best_here = math.huge, nil, math.huge -- of cheaper settings, and of those that cost the same
  for _, s in ipairs(settings) do
    if s.value and s.nfe ~= nfe then best, nfe, best_here = math.min(best, best_here), s.nfe, s.value end
    s.dominated = s.value == nil or s.value >= best or s.value > best_here
  end
end

--- "floor 0.0742 ± 0.0031"; nil without a floor.
function pareto.floor_text(found)
  if not found.floor then return nil end
  local mean, deviation = words.spread(found.floor, found.floor_deviation)
  return ("floor %s%s"):format(mean, deviation or "")
end

--- "9 of 84 settings not dominated; floor 0.0742 ± 0.0031; model of step 6000; 3 without a value",
--- about these settings of what was found.
function pareto.facts(found, settings)
  local front, without = 0, 0
  for _, s in ipairs(settings) do
    if not s.value then without = without + 1 elseif not s.dominated then front = front + 1 end
  end
  local facts = { ("%d of %s not dominated"):format(front, words.count(#settings, "setting")) }
  facts[#facts + 1] = pareto.floor_text(found)
  facts[#facts + 1] = ("model of step %d"):format(found.step)
  if without > 0 then facts[#facts + 1] = ("%d without a value"):format(without) end
  return table.concat(facts, "; ")
end

local function is_number(value) return math.type(value) ~= nil and value - value == 0 end

local function is_setting(s)
  if type(s) ~= "table" or type(s.method) ~= "string" then return false end
  if not (math.type(s.steps) == "integer" or is_number(s.tolerance)) then return false end
  if s.value ~= nil and not (is_number(s.value) and math.type(s.nfe) == "integer") then return false end
  if s.nfe ~= nil and math.type(s.nfe) ~= "integer" or s.over ~= nil and math.type(s.over) ~= "integer" then return false end
  if s.seconds ~= nil and not is_number(s.seconds) then return false end
  return (s.note == nil or type(s.note) == "string") and (s.code == nil or type(s.code) == "string")
end

--- What the folder of a run holds; nil when there is nothing, nil and a message when it is damaged.
function pareto.read(path)
  local found, message, missing = read_json(path .. "/pareto.json")
  if not found then return nil, not missing and message or nil end
  local well = type(found.name) == "string" and math.type(found.step) == "integer" and (found.floor == nil or is_number(found.floor))
    and (found.floor_deviation == nil or is_number(found.floor_deviation)) and type(found.settings) == "table"
  for _, s in ipairs(well and found.settings or {}) do well = well and is_setting(s) end
  if not well then return nil, "pareto.json: not what fmrun pareto writes" end
  pareto.order(found.settings)
  return found
end

return pareto
