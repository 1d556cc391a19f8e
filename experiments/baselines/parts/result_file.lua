-- Writes tables for the page of results, a line a row, so that a change is seen in a comparison:
-- { title, command, machine, seconds, notes, tables }. The machine is the one of this process;
-- seconds are those of all runs.
local fm <const> = require "fm"

local title <const> = "Generative models on one bench: the article's claims measured"
local notes <const> = "The same network and data for all methods, for about the same CPU time of training. Each figure is a mean over seeds ± half of its "
  .. "95 % interval (Student's t) at the learning rate with the least mean distance to the data; shares are over all rates. The distance is W2 of points, "
  .. "the Frechet distance in the features of a classifier for pictures. Times are CPU times."

local function machine_of(list)
  local file <close> = io.open "/proc/cpuinfo"
  local model = file and file:read "a":match "model name%s*:%s*([^\n]+)"
  local cores, kernels, real = 0, nil, nil
  for _, run in ipairs(list) do
    local versions = run.versions or {}
    cores, kernels, real = math.max(cores, run.cores or 0), versions.blas_core or kernels, versions.real or real
  end
  return { model = model and model:gsub("%s+", " "), cores = cores, kernels = kernels, real = real }
end

--- The sweep that makes the runs of a data set again.
local function sweep_of(data, list)
  local words = { data == "mnist" and "preset=mnist folder=DIR" or "data=" .. data }
  for _, key in ipairs { "method", "lr", "seed" } do
    local seen, values = {}, {}
    for _, run in ipairs(list) do
      local value = run.config[key]
      if not seen[value] then seen[value], values[#values + 1] = true, value end
    end
    table.sort(values)
    for i, value in ipairs(values) do values[i] = math.type(value) == "float" and ("%g"):format(value) or tostring(value) end
    words[#words + 1] = key .. "=" .. table.concat(values, ",")
  end
  return ("The runs on %s: fmrun -m -j 2 experiments/compare_baselines.lua %s"):format(data, table.concat(words, " "))
end

local function sweeps_of(list)
  local by_data, lines = {}, {}
  for _, run in ipairs(list) do
    by_data[run.config.data] = by_data[run.config.data] or {}
    table.insert(by_data[run.config.data], run)
  end
  for data, runs in pairs(by_data) do lines[#lines + 1] = sweep_of(data, runs) end
  return lines
end

local function lines_of(found)
  local rows = {}
  for i, row in ipairs(found.rows) do rows[i] = fm.json.encode(fm.json.array(row)) end
  local said = type(found.notes) == "table" and fm.json.array(found.notes) or found.notes
  said = said or fm.json.array {}
  return ('{"title":%s,\n"columns":%s,\n"notes":%s,\n"rows":[\n%s]}'):format(fm.json.encode(found.title),
    fm.json.encode(fm.json.array(found.columns)), fm.json.encode(said), table.concat(rows, ",\n"))
end

return function(path, list, tables, command)
  local seconds, texts, encode = 0, {}, fm.json.encode
  for _, run in ipairs(list) do seconds = seconds + (run.seconds or 0) end
  for i, found in ipairs(tables) do texts[i] = lines_of(found) end
  return fm.file.write(path, ('{"title":%s,\n"command":%s,\n"machine":%s,\n"seconds":%s,\n"notes":%s,\n"tables":[\n%s]}\n'):format(encode(title),
    encode(command), encode(machine_of(list)), encode(seconds), encode(fm.json.array { notes, table.unpack(sweeps_of(list)) }), table.concat(texts, ",\n")))
end
