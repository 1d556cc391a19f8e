-- sweeps(runs) -> the commands that make these runs again and no others, with all parameters that
-- were changed. Rates, seeds and methods of a command are those that went together.
local fm <const> = require "fm"
local arms <const> = require "baselines.parts.arms"

local split <const> = { method = true, lr = true, seed = true }

local function text_of(value) return math.type(value) == "float" and ("%.14g"):format(value) or tostring(value) end

local function sorted(set)
  local list = {}
  for value in pairs(set) do list[#list + 1] = value end
  table.sort(list)
  return list
end

--- "data=mnist folder=DIR steps=1200": what was changed.
local function changed_of(run)
  local words, defaults = {}, run.defaults or {}
  for _, key in ipairs(sorted(run.config)) do
    local value = run.config[key]
    if key == "folder" then words[#words + 1] = value ~= "" and "folder=DIR" or nil
    elseif not split[key] and (key == "data" or defaults[key] ~= value) then words[#words + 1] = key .. "=" .. text_of(value) end
  end
  return table.concat(words, " ")
end

--- Joins what has the same rest: { rest -> { value } } as { "rest key=a,b" -> true }.
local function joined(by_rest, key)
  local list = {}
  for rest, set in pairs(by_rest) do
    local values = sorted(set)
    for i, value in ipairs(values) do values[i] = text_of(value) end
    list[rest] = ("%s=%s"):format(key, table.concat(values, ","))
  end
  return list
end

local function put(sets, rest, value)
  sets[rest] = sets[rest] or {}
  sets[rest][value] = true
end

--- The products of method, lr and seed that the runs are.
local function products(runs)
  local seeds, rates, methods, cells = {}, {}, {}, {}
  for _, run in ipairs(runs) do
    local key = fm.json.encode { run.config.method, run.config.lr }
    cells[key] = run.config
    put(seeds, key, arms.seed(run))
  end
  for key, text in pairs(joined(seeds, "seed")) do put(rates, cells[key].method .. " " .. text, cells[key].lr) end
  for key, text in pairs(joined(rates, "lr")) do
    local method, of_seeds = key:match "^(%S+) (.*)$"
    put(methods, text .. " " .. of_seeds, method)
  end
  local list = {}
  for rest, text in pairs(joined(methods, "method")) do list[#list + 1] = text .. " " .. rest end
  table.sort(list)
  return list
end

return function(runs)
  local by_changed, lines = {}, {}
  for _, run in ipairs(runs) do
    local changed = changed_of(run)
    by_changed[changed] = by_changed[changed] or {}
    table.insert(by_changed[changed], run)
  end
  for _, changed in ipairs(sorted(by_changed)) do
    for _, product in ipairs(products(by_changed[changed])) do
      lines[#lines + 1] = ("fmrun -m -j 2 experiments/compare_baselines.lua %s %s"):format(changed, product)
    end
  end
  return lines
end
