-- Runs of a sweep that differ only in the seed: their mean and standard deviation.
local seeds <const> = {}

--- What values are multiplied by, so that their squares and sums do not overflow: 1, except for
--- extreme values.
local function factor_of(values)
  local largest = 0
  for _, v in ipairs(values) do
    if v - v == 0 then largest = math.max(largest, math.abs(v + 0.0)) end
  end
  return largest > 1e140 and 0x1p-600 or largest > 0 and largest < 1e-140 and 0x1p600 or 1.0
end

--- Mean, sample standard deviation (n - 1; nil for one value) and count of the finite numbers of a
--- list.
function seeds.spread(values)
  local sum, n, factor = 0.0, 0, factor_of(values)
  for _, v in ipairs(values) do
    if v - v == 0 then sum, n = sum + v * factor, n + 1 end
  end
  if n == 0 then return nil, nil, 0 end
  local mean, squares = sum / n, 0.0
  for _, v in ipairs(values) do
    if v - v == 0 then squares = squares + (v * factor - mean) ^ 2 end
  end
  return mean / factor, n > 1 and math.sqrt(squares / (n - 1)) / factor or nil, n
end

local function without_seed(values)
  local rest = {}
  for key, value in pairs(values) do rest[key] = value end
  rest.seed = nil
  return rest
end

--- The pointwise mean of the curves of a group's runs, for a static chart; nil when there are no
--- curves.
local function means_of(group, metric)
  local members, means = {}, {}
  for _, curve in ipairs(metric.curves) do
    if curve.run.group == group then members[#members + 1] = curve end
  end
  if #members == 0 then return nil end
  for k = 1, #metric.wide_grid do
    local values = {}
    for i, curve in ipairs(members) do values[i] = curve.wide_means[k] end
    means[k] = seeds.spread(values) or 0 / 0
  end
  return means
end

--- A text that is the same for runs of one experiment that have the same values of `keys`, except
--- for the seed. values: the config of the run, or what was changed in it.
function seeds.arm_text(run, values, keys)
  local parts = { run.experiment or "" }
  for _, key in ipairs(keys) do
    if key ~= "seed" then parts[#parts + 1] = tostring(values[key]) end
  end
  return table.concat(parts, "\0")
end

--- Groups of runs with the same experiment and the same changed values except for the seed, in the
--- order of their first runs; sets run.group. nil when no two runs differ only in the seed. Group:
--- { index, changed, runs, means_of(metric) }.
function seeds.groups(runs, keys)
  local groups, by_text, most = {}, {}, 0
  for _, run in ipairs(runs) do
    local text = seeds.arm_text(run, run.changed, keys)
    local group = by_text[text]
    if not group then
      group = { index = #groups + 1, changed = without_seed(run.changed), runs = {}, experiment = run.experiment }
      group.means_of = function(metric) return means_of(group, metric) end
      groups[#groups + 1], by_text[text] = group, group
    end
    table.insert(group.runs, run)
    run.group, most = group, math.max(most, #group.runs)
  end
  return most > 1 and groups or nil
end

--- The finite values of a summary over the runs of a group that are done, of each seed the first
--- (runs from several sweeps may have the same seed): a list, and the same as seed -> value.
function seeds.values(group, name)
  local values, by_seed = {}, {}
  for _, run in ipairs(group.runs) do
    local value, seed = run.summary[name], run.config and run.config.seed
    local is_new = seed == nil or by_seed[seed] == nil
    if is_new and run.status == "done" and math.type(value) and value - value == 0 then
      values[#values + 1] = value
      if seed ~= nil then by_seed[seed] = value end
    end
  end
  return values, by_seed
end

return seeds
